"""What is compared, as the form of the tab holds it: read from an address, written to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from explorer.domain.decoding import MAX_SEED, Decoding, Prompt, read_seed
from explorer.domain.evaluation import QuestionSet
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import Answering, Comparison, read_genotypes, spread
from explorer.ui.explore.form import CHAT, RAW
from explorer.ui.links import Said, format_query
from explorer.ui.questions import chosen

PREFIX = "compare_"
PROMPTS, QUESTIONS = "Prompts", "Questions"
OWN, LITERARY, FACTUAL, ALL = "My own", "Literary", "Factual", "Both kinds"
MOST_INPUTS, MOST_TOKENS, MOST_TEMPERATURE, MOST_SHOTS = 151, 256, 2.0, 5
"""What the sliders go up to; that of questions up to those of the largest set."""
OPENING_GENOTYPES = "original\n11.down[507,1229]=0\n9.mlp*0"
OPENING_PROMPTS = "What is the capital of France?\nHow many days are in a week?\nWrite a short poem about the sea."


@dataclass(frozen=True, slots=True)
class Form:
    """The values of `CompareTab.asked`."""

    genotypes: str = OPENING_GENOTYPES
    ask: str = PROMPTS
    source: str = OWN
    prompts: str = OPENING_PROMPTS
    count: float = 24
    mode: str = CHAT
    max_new_tokens: float = 32
    temperature: float = 0
    seed: str = "0"
    question_set: str | None = None
    question_count: float = 60
    shots: float = 0

    def decoding(self) -> Decoding:
        """Raises DecodingError."""
        return Decoding(
            max_new_tokens=int(self.max_new_tokens), temperature=float(self.temperature), seed=read_seed(self.seed)
        )

    def order(self, model: LoadedModel, answering: Answering) -> Comparison:
        """What is asked of whom. Raises ExplorerError."""
        genotypes = read_genotypes(self.genotypes.splitlines(), model.anatomy.read)
        if self.ask == PROMPTS:
            return Comparison(genotypes=genotypes, prompts=self._prompts(answering), decoding=self.decoding())
        some = chosen(answering.question_sets(), self.question_set, self.question_count)
        return Comparison(genotypes=genotypes, questions=some, shots=int(self.shots))

    def _prompts(self, answering: Answering) -> tuple[Prompt, ...]:
        if self.source == OWN:
            texts = [line.strip() for line in self.prompts.splitlines() if line.strip()]
        else:
            kinds = {LITERARY: ("literary",), FACTUAL: ("factual",)}.get(self.source, ("literary", "factual"))
            texts = [each.text for each in answering.inputs() if each.kind in kinds]
            texts = list(spread(texts, max(1, int(self.count))))
        return tuple(Prompt(text=text, chat=self.mode == CHAT) for text in texts)

    def address(self) -> str:
        """The query of an address that restores the form."""
        blank = Form()
        said = {field.name: getattr(self, field.name) for field in fields(Form)}
        changed = {name: value for name, value in said.items() if value not in (None, getattr(blank, name))}
        shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in changed.items()}
        return format_query(
            {f"{PREFIX}genotypes": self.genotypes, **{PREFIX + name: value for name, value in shown.items()}}
        )


def linked(said: Said, question_sets: Sequence[QuestionSet]) -> Form:
    """The form that an address holds; what was not taken of it is noted in `said`."""
    blank = Form()
    most = max((len(each.questions) for each in question_sets), default=int(blank.question_count))
    return Form(
        genotypes=said.text("genotypes", blank.genotypes),
        ask=said.one_of("ask", (PROMPTS, QUESTIONS), blank.ask),
        source=said.one_of("source", (OWN, LITERARY, FACTUAL, ALL), blank.source),
        prompts=said.text("prompts", blank.prompts),
        count=said.whole("count", 1, MOST_INPUTS, blank.count),
        mode=said.one_of("mode", (CHAT, RAW), blank.mode),
        max_new_tokens=said.whole("max_new_tokens", 1, MOST_TOKENS, blank.max_new_tokens),
        temperature=said.number("temperature", 0, MOST_TEMPERATURE, blank.temperature),
        seed=str(said.whole("seed", 0, MAX_SEED, blank.seed)),
        question_set=said.one_of("question_set", ("", *(each.name for each in question_sets)), "") or None,
        question_count=said.whole("question_count", 1, most, blank.question_count),
        shots=said.whole("shots", 0, MOST_SHOTS, blank.shots),
    )
