"""Blind tests: two texts in an order that nobody knows, one vote, then the labels.

A pair's order is drawn from a secret and the item; it is told by nothing that is shown before the vote.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from explorer.domain.errors import ComparisonError
from explorer.domain.evaluation import BlindMode, Choice
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import Answering, Comparison

Pressed = Literal["one", "two", "neither"]
"""What a person says of text 1 and text 2."""
_SIDES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindPair:
    """The texts of two genotypes to one prompt, and the order they are shown in."""

    item: int
    first: str
    second: str
    swapped: bool
    """Whether the second genotype's text is shown as text 1."""

    @property
    def shown(self) -> tuple[str, str]:
        """Text 1 and text 2."""
        return (self.second, self.first) if self.swapped else (self.first, self.second)

    def choice(self, pressed: Pressed) -> Choice:
        """The genotype that was voted for."""
        if pressed == "neither":
            return "neither"
        return "second" if (pressed == "one") == self.swapped else "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindTest:
    """A test as it goes: which items are still to come, the pair that is shown, the votes so far."""

    comparison: Comparison
    mode: BlindMode
    secret: int = field(repr=False)
    """Decides the order of the items, and of the texts of each."""
    place: int = 0
    """How many items have been looked at."""
    pair: BlindPair | None = None
    """The pair that is shown."""
    voted: Choice | None = None
    """What was said of it; None: nothing yet."""
    votes: tuple[Choice, ...] = ()
    identical: int = 0
    """Pairs that were skipped because both texts are the same."""

    def __post_init__(self) -> None:
        if len(self.comparison.genotypes) != _SIDES:
            raise ComparisonError("A blind test is between two genotypes: name two.")
        if self.comparison.questions is not None:
            raise ComparisonError("A blind test needs texts to read: choose Prompts instead of Questions.")
        if self.mode == "mutant" and self.comparison.genotypes[0]:
            raise ComparisonError("To tell the mutant, one of the two must be the original: write original first.")

    @property
    def is_over(self) -> bool:
        """Whether every item has been looked at."""
        return self.place >= self.comparison.items

    def item(self) -> int:
        """The item that comes next."""
        order = list(range(self.comparison.items))
        random.Random(self.secret).shuffle(order)
        return order[self.place]

    def showing(self, first: str, second: str) -> BlindTest:
        """With the texts of the item that comes next; identical ones are skipped and counted."""
        item, ahead = self.item(), replace(self, place=self.place + 1, pair=None, voted=None)
        if first.strip() == second.strip():
            return replace(ahead, identical=self.identical + 1)
        swapped = random.Random(f"{self.secret}/{item}").random() < 0.5  # noqa: PLR2004
        return replace(ahead, pair=BlindPair(item=item, first=first, second=second, swapped=swapped))

    def voting(self, pressed: Pressed) -> BlindTest:
        """With a vote on the pair that is shown. Raises ComparisonError if there is none, or it has one."""
        if self.pair is None or self.voted is not None:
            raise ComparisonError("There is nothing to vote on: ask for the next pair.")
        choice = self.pair.choice(pressed)
        return replace(self, voted=choice, votes=(*self.votes, choice))


def next_pairs(
    answering: Answering,
    model: LoadedModel,
    test: BlindTest,
    known: dict[int, tuple[str, str]],
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[BlindTest]:
    """Items are looked at until two texts differ; the test after each. `known` are texts that are there already.

    Ends with a pair, at the end of the items, or when it is cancelled.
    """
    test = replace(test, pair=None, voted=None)
    while test.pair is None and not test.is_over and not cancelled():
        texts = known.get(test.item()) or _texts(answering, model, test, cancelled)
        if texts is None:
            return
        test = test.showing(*texts)
        yield test


def _texts(
    answering: Answering, model: LoadedModel, test: BlindTest, cancelled: Callable[[], bool]
) -> tuple[str, str] | None:
    """Of the item that comes next, by both genotypes; None if it is cancelled meanwhile."""
    comparison = test.comparison
    prompt, found = comparison.prompts[test.item()], []
    for genotype in comparison.genotypes:
        for _, answer in answering.answers(model, genotype, [prompt], comparison.decoding, cancelled):
            found.append(answer.text)
    return (found[0], found[1]) if len(found) == _SIDES else None
