"""Who answers in tests of comparisons: a script, or a model asked one prompt after another, without anything clever."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Answer, Input, Question, QuestionSet, Score
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.generation.baseline import Baselines
from explorer.generation.pair import generate_pair
from explorer.generation.style import style_of
from explorer.model.loaded import LoadedModel

INPUTS = (
    Input(kind="literary", text="w5 w6 w7"),
    Input(kind="factual", text="w8 w9"),
    Input(kind="literary", text="w10 w11"),
)
QUESTIONS = QuestionSet(
    name="made",
    title="Made questions",
    form="cloze",
    questions=tuple(
        Question(name=f"made-{number}", subject="made", text=f"w{number} w3", choices=("w4", "w5"), answer=number % 2)
        for number in range(20)
    ),
)


def answer(text: str, **changes: Any) -> Answer:
    """An answer that says a text."""
    return Answer(**{"text": text, "tokens": (1,), "ending": "stop", "near_tie": False, "style": "prose", **changes})


def score(*, right: bool, margin: float = 1.0) -> Score:
    """A score of a question of two choices whose first is right."""
    return Score(
        likelihoods=(0.0, -margin if right else margin), chosen=0 if right else 1, is_right=right, near_tie=False,
        said="A", named=0, says_right=right,
    )  # fmt: skip


@dataclass
class Scripted:
    """Says what it was told to, by the notation of the genotype; the last place of a chunk first."""

    texts: Mapping[str, Callable[[Prompt], Answer]] = field(default_factory=dict)
    marks: Mapping[str, Callable[[Question], Score]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Each call: the genotype, and how much it was asked."""

    def inputs(self) -> tuple[Input, ...]:
        """As `Behaviour.inputs`."""
        return INPUTS

    def question_sets(self) -> tuple[QuestionSet, ...]:
        """As `Behaviour.question_sets`."""
        return (QUESTIONS,)

    def answers(
        self,
        model: Any,
        genotype: Genotype,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[int, Answer]]:
        """As `Behaviour.answers`."""
        self.asked.append((format_genotype(genotype), len(prompts)))
        for place, prompt in reversed(list(enumerate(prompts))):
            if cancelled():
                return
            yield place, self.texts[format_genotype(genotype)](prompt)

    def scores(
        self,
        model: Any,
        genotype: Genotype,
        questions: QuestionSet,
        cancelled: Callable[[], bool] = lambda: False,
        shots: int = 0,
    ) -> Iterator[tuple[int, Score]]:
        """As `Behaviour.scores`."""
        self.asked.append((format_genotype(genotype), len(questions.questions)))
        for place, question in reversed(list(enumerate(questions.questions))):
            if cancelled():
                return
            yield place, self.marks[format_genotype(genotype)](question)


class Plain(Scripted):
    """A model asked one prompt after another; it knows no questions."""

    def answers(
        self,
        model: LoadedModel,
        genotype: Genotype,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[int, Answer]]:
        """As `Behaviour.answers`."""
        for place, prompt in enumerate(prompts):
            if cancelled():
                return
            *_, update = generate_pair(model, prompt, decoding, genotype, Baselines(1))
            text, measures = "".join(update.mutated), update.measures
            assert measures is not None
            yield (
                place,
                answer(
                    text,
                    ending=str(update.mutated_end),
                    near_tie=measures.near_ties > 0,
                    style=style_of(text),
                    cosine=measures.cosine,
                    perplexity=measures.perplexity,
                    mean_kl=measures.mean_kl,
                ),
            )
