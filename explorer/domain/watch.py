"""What a watch file asks for, and whether what came of it is still what was expected (docs/watch.md)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from explorer.domain.decoding import Decoding
from explorer.domain.parting import parting

TOLERANCE = 1e-3
"""How far two measures may be apart, relative to the larger, and still be the same."""

_SMALLEST = 1e-5
"""Differences of measures below this are rounding."""

Status = Literal["same", "near tie", "changed", "new"]
"""`near tie`: a text parts where rounding may decide, and nothing else differs; `new`: nothing is expected yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run."""

    original: str
    mutated: str
    original_tokens: tuple[int, ...]
    mutated_tokens: tuple[int, ...]
    first_divergence: int | None
    """The first token, from 0, that the mutant chose otherwise; None: silent."""
    mean_kl: float
    """KL(original ‖ mutant) over the original's tokens, in nats; infinite if the forward pass overflows."""
    perplexity: float | None
    """Of the mutated text under the original model; None of an empty text."""
    control_ratio: float
    """Perplexity of the control text, mutant over original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A result with what tells whether rounding may have decided it."""

    result: Outcome
    original_gaps: tuple[float, ...]
    """By how much each token was chosen, in logits."""
    mutated_gaps: tuple[float, ...]
    near_tie: float
    """The gap below which rounding may decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One run of a watch file."""

    genotype: str
    prompt: str
    chat: bool | None
    """None: as a chat if the model takes chats."""
    extras: Mapping[str, Any]
    """Arguments of the `Prompt` beyond its text."""
    decoding: Decoding
    expected: Outcome | None
    line: int
    """Of the file, where the run begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFile:
    """A watch file as it was read."""

    path: Path
    model: str | None
    """What is meant where the command names none."""
    runs: tuple[Watched, ...]
    made: Mapping[str, str]
    """The versions, and the model's name and fingerprint, that the expected results were made with."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is no longer what was expected."""

    what: str
    expected: str | float | None
    found: str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the comparison of one run says."""

    status: Status
    differences: tuple[Difference, ...] = ()
    near_ties: int = 0
    """Texts that part where rounding may decide; they count as the same."""


def judge(expected: Outcome | None, found: Found, tolerance: float) -> Verdict:
    """Compare a result with the expected one: tokens exactly, near ties aside; measures within the tolerance."""
    if expected is None:
        return Verdict(status="new")
    result, tie = found.result, found.near_tie
    original = _text(expected.original_tokens, result.original_tokens, found.original_gaps, tie)
    mutated = _text(expected.mutated_tokens, result.mutated_tokens, found.mutated_gaps, tie)
    differences = []
    if original == "other":
        differences.append(Difference("original text", expected.original, result.original))
    if mutated == "other":
        differences.append(Difference("mutated text", expected.mutated, result.mutated))
    for name in _measures(original, mutated):
        before, now = getattr(expected, name), getattr(result, name)
        if not _is_close(before, now, 0.0 if name == "first_divergence" else tolerance):
            differences.append(Difference(name.replace("_", " "), before, now))
    ties = (original, mutated).count("tie")
    status: Status = "changed" if differences else "near tie" if ties else "same"
    return Verdict(status=status, differences=tuple(differences), near_ties=ties)


def _measures(original: str, mutated: str) -> tuple[str, ...]:
    """Those that do not follow from a text which rounding has decided."""
    if "tie" not in (original, mutated):
        return ("first_divergence", "mean_kl", "perplexity", "control_ratio")
    return ("control_ratio",) if original == "tie" else ("mean_kl", "control_ratio")


def _text(
    expected: Sequence[int], found: Sequence[int], gaps: Sequence[float], tie: float
) -> Literal["same", "tie", "other"]:
    """Whether the tokens are the same, or part where rounding may decide, or are others."""
    if tuple(expected) == tuple(found):
        return "same"
    place = parting(expected, found)
    return "tie" if place < len(gaps) and gaps[place] < tie else "other"


def _is_close(before: float | None, now: float | None, tolerance: float) -> bool:
    if before is None or now is None:
        return before is now
    return math.isclose(before, now, rel_tol=tolerance, abs_tol=_SMALLEST)
