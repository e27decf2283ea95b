"""Genotypes that are given the same inputs: what is asked, what is kept of a stopped run, where mutants are."""

from collections.abc import Iterator, Sequence
from typing import Any

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Answer, Input
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.tasks.writers import ANSWERS, Asked, Written, places_of, write
from tests.answering import answer

INPUTS = (Input(kind="literary", text="a poem"), Input(kind="factual", text="a fact"))
MUTANTS = (parse_genotype("1.down*0"), parse_genotype("0.q*0"))
NO_MODEL: Any = None


class Writing:
    """Says the notation of the genotype and what it was asked, the last prompt first."""

    def __init__(self) -> None:
        self.asked: list[Prompt] = []

    def answers(
        self, model: Any, genotype: Genotype, prompts: Sequence[Prompt], decoding: Decoding, cancelled: Any = None,
        *, is_measured: bool = True,
    ) -> Iterator[tuple[int, Answer]]:  # fmt: skip
        """As `Behaviour.answers`."""
        assert not is_measured
        for place, prompt in reversed(list(enumerate(prompts))):
            if cancelled():
                return
            self.asked.append(prompt)
            yield place, answer(f"\n{format_genotype(genotype) or 'original'} says {prompt.text}", near_tie=place == 0)


def _run(cancelled: Any = lambda: False) -> list[Written]:
    asked = Asked(genotypes=MUTANTS, inputs=INPUTS, chat=False)
    return list(write(Writing(), NO_MODEL, asked, cancelled))


def test_the_original_answers_first_and_words_are_the_first_of_each_answer() -> None:
    *_, last = _run()
    assert dict(last.said.schema) == {name: dtype for name, dtype in last.said.schema.items() if name in ANSWERS}
    assert (last.done, last.asked.total, last.finished) == (6, 6, 2)
    assert last.said["genotype"].to_list() == [0, 0, 1, 1, 2, 2]
    assert last.said["item"].to_list() == [0, 1] * 3
    assert last.said["word"].to_list() == ["original"] * 2 + ["1.down*0"] * 2 + ["0.q*0"] * 2
    assert last.said["near_tie"].to_list() == [True, False] * 3
    assert last.said["kind"].to_list() == ["literary", "factual"] * 3


def test_an_empty_answer_has_no_first_word() -> None:
    class Silent(Writing):
        def answers(self, *arguments: Any, **options: Any) -> Iterator[tuple[int, Answer]]:
            return iter([(place, answer("  \n")) for place in range(2)])

    *_, last = write(Silent(), NO_MODEL, Asked(genotypes=MUTANTS, inputs=INPUTS, chat=True))
    assert set(last.said["word"]) == {""}


def test_a_stopped_run_keeps_the_mutants_that_have_answered_everything() -> None:
    seen: list[int] = []

    def cancelled() -> bool:
        seen.append(1)
        return len(seen) > 5

    steps = _run(cancelled)
    assert steps[-1].done == 5
    assert steps[-1].finished == 1
    assert set(steps[-1].said["genotype"]) == {0, 1}


def test_places_are_those_of_single_mutations_in_a_layer() -> None:
    texts = ["14.down[0:64,1792:1856]=max", "9.gate[17,:]*2", "2.mlp*0; 9.mlp*0", "norm*0", "3.q*0"]
    found = places_of([parse_genotype(text) for text in texts], ["a", "b", "c", "d", "e"])
    assert found.rows() == [
        (14, "a", "down", "0:64", "1792:1856"),
        (9, "b", "gate", "17", None),
        (3, "e", "q", None, None),
    ]
