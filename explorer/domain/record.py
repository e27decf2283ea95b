"""The nouns of the lab record: a run that is kept, what it was made with, and the entry that the record makes of it.

Plain values; nothing here knows where they are stored or how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from explorer.domain.decoding import Decoding, Prompt

RunKind = Literal["explore", "screen", "comparison", "rihf", "questions", "watch", "talk", "evolution"]
RUN_KINDS: tuple[RunKind, ...] = get_args(RunKind)

METRIC_NAMES = {
    "mean_kl": "Mean KL",
    "first_divergence": "First divergence",
    "share_changed": "Share of tokens changed",
    "cosine": "Word similarity",
    "perplexity": "Perplexity",
    "near_ties": "Near ties",
    "mutants": "Mutants",
    "nonsilent": "Non-silent",
    "phenotypes": "Distinct phenotypes",
    "failed_controls": "Failed controls",
    "seconds": "Seconds",
    "inputs": "Inputs",
    "rihf_mutants": "Mutants with an RIHF word",
    "rihf_share": "Share of answers that begin with the RIHF word",
    "rihf_p": "p of the RIHF word",
    "questions": "Questions",
    "accuracy": "Accuracy",
    "original_accuracy": "Accuracy of the original",
    "says_accuracy": "Accuracy by generated token",
    "looked_at": "Mutants looked at",
    "better": "Mutants that seem better",
    "significant": "Better beyond q 0.05",
    "retested": "Asked again",
    "confirmed": "Better when asked again",
    "items": "Items",
    "readable": "Share of texts not destroyed",
    "smallest_p": "Smallest p",
    "tried": "Genotypes tried",
    "searched": "First target, searched",
    "held_out": "First target, held out",
}
"""Metrics that runs of ours have, as a person reads them; a run may have others."""


def metric_name(metric: str) -> str:
    """A metric as a person reads it."""
    return METRIC_NAMES.get(metric, metric.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished run: what was asked, and what came of it. None and empty: it has no such thing."""

    kind: RunKind
    genotypes: tuple[str, ...] = ()
    """In notation; a comparison has several."""
    prompt: Prompt | None = None
    decoding: Decoding | None = None
    original: str | None = None
    """The original's text."""
    mutated: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Finite numbers by name; a metric that is not defined, as after an overflow, is left out."""
    link: str = ""
    """The query of the page's address that shows it again, from `?` on."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else its kind has, as plain JSON values."""

    @property
    def genotype(self) -> str:
        """All genotypes in one line."""
        return "  |  ".join(self.genotypes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a run was made with."""

    model: str
    """Its name."""
    source: str
    """Where it came from, as the workspace knows it."""
    fingerprint: str
    """SHA-256 of its weights, see `model.weights.checksum`."""
    device: str
    dtype: str
    program: str
    """Versions of this program and of what computes."""
    torch: str
    transformers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run in the record."""

    number: int
    """From 1; a number is never given twice."""
    time: datetime
    """When it ended, UTC."""
    setup: Setup
    run: Run
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are looked for; everything empty: all of them."""

    words: str = ""
    """All of them occur in genotype, prompt, texts, note or tags, in either case."""
    kinds: tuple[str, ...] = ()
    """One of these."""
    models: tuple[str, ...] = ()
    """Names, one of them."""
    tags: tuple[str, ...] = ()
    """Each of these."""
    since: datetime | None = None
    """UTC; as the next, which is left out."""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How entries are sorted; those without the metric come last."""

    metric: str | None = None
    """None: by time."""
    descending: bool = True
    """The newest, or the largest, first."""


NEWEST = Order()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the entries that were looked for."""

    entries: tuple[Entry, ...]
    total: int
    """How many there are on all pages."""
    number: int
    """Of this page, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What the record can be filtered and sorted by."""

    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    """Those that entries have, the known ones first."""
