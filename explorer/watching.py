"""Watch files: genotypes with prompts and what came of them, to be run again and compared (docs/watch.md).

Owns the format and the comparison; knows neither torch nor how a genotype is run.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tomlkit
from tomlkit.items import Table

from explorer.domain import Decoding, Prompt
from explorer.errors import DecodingError, NotationError, PromptError, WatchError
from explorer.experiments import DECODING_TYPES
from explorer.files import replacing
from explorer.notation import parse_genotype
from explorer.parting import parting
from explorer.toml import check_table, read_toml

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


# ------------------------------------------------------------------------------------------------ the file

_TOP: dict[str, tuple[type, ...]] = {"model": (str,), "run": (list,), "made": (dict,)}
_RUN: dict[str, tuple[type, ...]] = {
    "genotype": (str,),
    "prompt": (str,),
    "chat": (bool,),
    **DECODING_TYPES,
    "expected": (dict,),
}
_EXPECTED: dict[str, tuple[type, ...]] = {
    "original": (str,),
    "mutated": (str,),
    "original_tokens": (list,),
    "mutated_tokens": (list,),
    "first_divergence": (int,),
    "mean_kl": (int, float),
    "perplexity": (int, float),
    "control_ratio": (int, float),
}
_OPTIONAL = ("first_divergence", "perplexity")


def read_watch(path: Path) -> WatchFile:
    """Read a file. Raises WatchError with file and line."""
    text, table = read_toml(path, WatchError)
    check_table(path, text, table, _TOP, WatchError)
    starts = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*run\s*\]\]", line)]
    tables = table.get("run", [])
    if not tables or len(starts) != len(tables):
        raise WatchError(f"{path}: nothing is watched. Add a table [[run]] with genotype and prompt for each run.")
    runs = tuple(_run(path, text, start, each) for start, each in zip(starts, tables, strict=True))
    made = {name: str(value) for name, value in table.get("made", {}).items()}
    return WatchFile(path=path, model=table.get("model"), runs=runs, made=made)


def _run(path: Path, text: str, start: int, table: dict[str, Any]) -> Watched:
    check_table(path, text, table, _RUN, WatchError, start)
    missing = [key for key in ("genotype", "prompt") if key not in table]
    if missing:
        raise WatchError(f"{path}, line {start}: this run has no {missing[0]}.")
    try:
        parse_genotype(table["genotype"])
        Prompt(text=table["prompt"])
        decoding = Decoding(**{key: table[key] for key in DECODING_TYPES if key in table})
    except (NotationError, PromptError, DecodingError) as fault:
        raise WatchError(f"{path}, line {start}: {fault}") from fault
    return Watched(
        genotype=table["genotype"],
        prompt=table["prompt"],
        chat=table.get("chat"),
        decoding=decoding,
        expected=_expected(path, text, start, table["expected"]) if "expected" in table else None,
        line=start,
    )


def _expected(path: Path, text: str, start: int, table: dict[str, Any]) -> Outcome:
    check_table(path, text, table, _EXPECTED, WatchError, start)
    missing = [key for key in _EXPECTED if key not in table and key not in _OPTIONAL]
    if missing:
        raise WatchError(f"{path}, line {start}: 'expected' has no {missing[0]}. Write it again with --update.")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Outcome(**(dict.fromkeys(_OPTIONAL) | values))


def update_watch(watch: WatchFile, results: Sequence[Outcome], made: Mapping[str, str]) -> None:
    """Write what was found as what is expected from now on; all else in the file stays. Raises WatchError."""
    try:
        document = tomlkit.parse(watch.path.read_text(encoding="utf-8"))
        for table, result in zip(document["run"], results, strict=True):  # type: ignore[arg-type]
            table["expected"] = _expected_table(result)
        document["made"] = dict(made)
        with replacing(watch.path) as growing:
            growing.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as fault:
        raise WatchError(f"{watch.path} could not be written: {fault}. It is as it was.") from fault


def _expected_table(result: Outcome) -> Table:
    table = tomlkit.table()
    for name in _EXPECTED:
        value = getattr(result, name)
        if value is not None:
            table[name] = list(value) if isinstance(value, tuple) else value
    table.add(tomlkit.nl())
    return table
