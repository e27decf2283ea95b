"""Phenotypes as cards: what a mutant says, which mutant it is, and how it compares with the standard output.

Knows rows of the store and notation; reads no database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from explorer.domain.genotype import Genotype, Mutation
from explorer.domain.notation import format_genotype
from explorer.domain.parting import parting
from explorer.domain.screened import operation_of, unit_site
from explorer.domain.screens import StoredScreen


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One phenotype."""

    screen: StoredScreen
    phenotype: int
    """Its number in the screen."""
    text: str
    genotype: str
    """The strongest of the mutants that share it, with the background of the screen, if it has one."""
    mark: Mapping[str, object]
    """Leads to that mutant, see `store.doors`."""
    mutants: int
    """How many share it."""
    style: str | None
    cosine: float | None
    """With the standard output, 0 to 1."""
    perplexity: float | None
    """Under the unmutated model."""
    repetition: float
    is_destructive: bool
    score: str | None
    cluster: int
    """The phenotype that leads its group."""
    members: int
    """How many nearly equal phenotypes the card stands for, itself included."""


class Gallery(NamedTuple):
    """Some of the cards that were asked for."""

    cards: list[Card]
    total: int
    """How many there are."""


class Parted(NamedTuple):
    """Two texts: what they begin with, and how each goes on."""

    common: str
    standard: str
    text: str


def genotype_of(row: Mapping[str, Any], background: str) -> str:
    """The notation of a stored mutant, after the background if there is one.

    The row has layer, kind, rows, columns, unit_rows, unit_columns, down, across and operation.
    """
    mutation = format_genotype(Genotype((Mutation(unit_site(row), operation_of(row["operation"])),)))
    return "; ".join(filter(None, (background, mutation)))


def cards_of(rows: pl.DataFrame, screens: Mapping[int, StoredScreen]) -> list[Card]:
    """The cards of the rows of `store.gallery.Page`."""
    return [_card(row, screens[row["screen"]]) for row in rows.iter_rows(named=True)]


def parted(standard: str, text: str) -> Parted:
    """Where two texts part, at the beginning of a word."""
    pieces = _pieces(standard)
    common = "".join(pieces[: parting(pieces, _pieces(text))])
    return Parted(common, standard[len(common) :], text[len(common) :])


def _pieces(text: str) -> list[str]:
    """Words, each with what stands before it; and what stands at the end."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def _card(row: Mapping[str, Any], screen: StoredScreen) -> Card:
    down, across = row["down"], row["across"]
    return Card(
        screen=screen,
        phenotype=row["phenotype"],
        text=row["text"],
        genotype=genotype_of(row, screen.background),
        mark={
            "layer": row["layer"], "kind": row["kind"], "operation": row["operation"],
            "top": down, "bottom": down + 1, "left": across, "right": across + 1,
        },
        mutants=row["mutants"],
        style=row["style"],
        cosine=row["cosine"],
        perplexity=row["perplexity"],
        repetition=row["repetition"],
        is_destructive=bool(row["destructive"]),
        score=row["score"],
        cluster=row["cluster"],
        members=row["members"],
    )  # fmt: skip
