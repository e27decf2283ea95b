"""Genotypes that are given the same inputs, to see how they begin and in which style they write (the study's RIHF).

Knows what is asked, not how it is computed: that is `workspace.behaviour`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Answer, Input
from explorer.domain.genotype import Genotype, Site, Slice
from explorer.model.loaded import LoadedModel

NEW_TOKENS = 24
"""Of an answer, at most: enough to tell a poem from a dialogue."""

ANSWERS: dict[str, pl.DataType | type[pl.DataType]] = {
    "genotype": pl.Int64,
    "item": pl.Int64,
    "kind": pl.String,
    "input": pl.String,
    "text": pl.String,
    "word": pl.String,
    "style": pl.String,
    "near_tie": pl.Boolean,
}
"""Columns of the answers: genotype 0 is the original, 1 the first mutant; item is the place among the inputs."""


class Answering(Protocol):
    """Who answers: `workspace.behaviour`."""

    def answers(
        self,
        model: LoadedModel,
        genotype: Genotype,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        cancelled: Callable[[], bool] = ...,
        *,
        is_measured: bool = ...,
    ) -> Iterator[tuple[int, Answer]]:
        """The place of each prompt and its answer, as they are ready."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of whom."""

    genotypes: tuple[Genotype, ...]
    """The mutants; the original answers before them."""
    inputs: tuple[Input, ...]
    chat: bool
    """Whether inputs are put as chats."""
    decoding: Decoding = field(default_factory=lambda: Decoding(max_new_tokens=NEW_TOKENS))

    @property
    def total(self) -> int:
        """Answers in all."""
        return (1 + len(self.genotypes)) * len(self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How far it is, and what has been said."""

    asked: Asked
    done: int
    """Answers so far."""
    said: pl.DataFrame
    """Columns `ANSWERS`; of a genotype all or nothing."""

    @property
    def finished(self) -> int:
        """How many of the mutants have answered everything."""
        return max(0, len(self.said) // len(self.asked.inputs) - 1)


def write(
    answering: Answering, model: LoadedModel, asked: Asked, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Written]:
    """Let the original, then each mutant answer; tells after every answer and every genotype, until cancelled."""
    prompts = [Prompt(text=each.text, chat=asked.chat) for each in asked.inputs]
    said, done = pl.DataFrame(schema=ANSWERS), 0
    for place, genotype in enumerate((Genotype(), *asked.genotypes)):
        found: dict[int, Answer] = {}
        for item, answer in answering.answers(model, genotype, prompts, asked.decoding, cancelled, is_measured=False):
            found[item] = answer
            done += 1
            yield Written(asked=asked, done=done, said=said)
        if len(found) < len(prompts):
            return
        said = pl.concat([said, _frame(asked, place, found)])
        yield Written(asked=asked, done=done, said=said)


def places_of(genotypes: Sequence[Genotype], words: Sequence[str]) -> pl.DataFrame:
    """Where the mutants of a scan are, for `statistics.first_words.shared_places`; those of one mutation alone."""
    rows = [
        {"word": word, "layer": site.layer, "kind": site.part, **_spans(site)}
        for genotype, word in zip(genotypes, words, strict=True)
        if len(genotype.mutations) == 1 and (site := genotype.mutations[0].site).layer is not None
    ]
    names = ("word", "kind", "rows", "columns")
    return pl.DataFrame(rows, schema={"layer": pl.Int64, **dict.fromkeys(names, pl.String)})


def _spans(site: Site) -> dict[str, str | None]:
    return {"rows": _span(site.rows), "columns": _span(site.columns)}


def _span(part: Slice) -> str | None:
    if part.is_all:
        return None
    return str(part.start) if part.is_single else f"{part.start}:{'' if part.stop is None else part.stop}"


def _frame(asked: Asked, place: int, found: dict[int, Answer]) -> pl.DataFrame:
    rows = [
        {
            "genotype": place,
            "item": item,
            "kind": given.kind,
            "input": given.text,
            "text": found[item].text,
            "word": next(iter(found[item].text.split(maxsplit=1)), ""),
            "style": found[item].style,
            "near_tie": found[item].near_tie,
        }
        for item, given in enumerate(asked.inputs)
    ]
    return pl.DataFrame(rows, schema=ANSWERS)
