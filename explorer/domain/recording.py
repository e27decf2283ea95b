"""A run of a pair that was kept whole: what it said, when, and of which model, so that it can be shown without one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import Alternative
from explorer.domain.pair import PairUpdate, Readout

SHOWN_DIGITS = 4
"""Of the probabilities that are kept."""


class Moment(NamedTuple):
    """How much of both texts was there, and when."""

    seconds: float
    """From the beginning of the run."""
    original: int
    """Tokens."""
    mutated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One finished run of a model."""

    model: str
    """Its name."""
    fingerprint: str
    """Of its weights as they are stored."""
    precision: str = "float32"
    """What they are stored and counted in, as `LoadedModel.precision` has it."""
    genotype: str
    """In its canonical notation; "" is the original model."""
    prompt: Prompt
    decoding: Decoding
    change: str
    """What the genotype changes, in a sentence."""
    update: PairUpdate
    """The last of the run."""
    moments: tuple[Moment, ...] = ()
    """How the texts grew."""

    @property
    def key(self) -> str:
        """What was asked, and of which model, as a name for a file."""
        return recording_key(self.fingerprint, self.precision, self.genotype, self.prompt, self.decoding)


def recording_key(fingerprint: str, precision: str, genotype: str, prompt: Prompt, decoding: Decoding) -> str:
    """The name of the recording of a genotype on a model."""
    counted = "" if precision == "float32" else "-" + precision.replace("/", "-")
    return f"{asked_key(genotype, prompt, decoding)}-{fingerprint[:16]}{counted}"


def asked_key(genotype: str, prompt: Prompt, decoding: Decoding) -> str:
    """16 hexadecimal digits that stand for what is asked of any model."""
    counted = {name: float(value) for name, value in asdict(decoding).items() if name != "seed"}
    asked = [genotype, asdict(prompt), counted, decoding.seed]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def lean(update: PairUpdate) -> PairUpdate:
    """The last update of a run with no more than the page shows of it."""
    measures = update.measures
    if measures is None:
        return update
    kept = replace(
        measures,
        original_gaps=(),
        mutated_gaps=(),
        original_readouts=tuple(map(_rounded, measures.original_readouts)),
        mutated_readouts=tuple(map(_rounded, measures.mutated_readouts)),
    )
    return replace(update, measures=kept)


def _rounded(readout: Readout) -> Readout:
    sides = (
        tuple(Alternative(item.text, round(item.probability, SHOWN_DIGITS)) for item in side)
        for side in (readout.original, readout.mutated)
    )
    return Readout(readout.chosen, *sides)
