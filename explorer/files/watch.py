"""Watch files: genotypes with prompts and what came of them, to be run again and compared (docs/watch.md).

Owns the format; what is compared is `domain.watch`'s business.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from explorer.domain.decoding import Decoding, Prompt, read_extras
from explorer.domain.errors import DecodingError, NotationError, PromptError, WatchError
from explorer.domain.notation import parse_genotype
from explorer.domain.watch import Outcome, Watched, WatchFile
from explorer.files.experiments import DECODING_TYPES, PROMPT_TYPES
from explorer.files.folders import replacing
from explorer.files.toml import check_table, read_toml

# ------------------------------------------------------------------------------------------------ the file

_TOP: dict[str, tuple[type, ...]] = {"model": (str,), "run": (list,), "made": (dict,)}
_RUN: dict[str, tuple[type, ...]] = {
    "genotype": (str,),
    "prompt": (str,),
    "chat": (bool,),
    **PROMPT_TYPES,
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
        extras = read_extras(table)
        Prompt(text=table["prompt"], **extras)
        decoding = Decoding(**{key: table[key] for key in DECODING_TYPES if key in table})
    except (NotationError, PromptError, DecodingError) as fault:
        raise WatchError(f"{path}, line {start}: {fault}") from fault
    return Watched(
        genotype=table["genotype"],
        prompt=table["prompt"],
        chat=table.get("chat"),
        extras=extras,
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
