"""What the study's program writes: logs of the non-silent mutations, and code files with the texts of their phenotypes.

A log has a mutation a line, with the number of its phenotype, the *code*, which counts within one matrix. Both kinds of
files have lines of six per cent signs: in a log the program was started again there, in a code file a text ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from explorer.store.study.rows import FAULT_TYPES, MUTATION, OUTSIDE, checked, fault, faults, settled

MUTATION_LINE = r"\s*(?P<operation>max|min|zero)\s+(?P<id>\S+):(?P<row>[0-9]+),(?P<column>[0-9]+):(?P<code>[0-9]+)\s*"
HEADING = r"seed:\s*(?P<seed>[0-9]+)\s+step:\s*(?P<step>[0-9]+)"
"""The first line of a code file."""

_MARK = re.compile(r"^%%%%%%[ \t]*(?:\n|\Z)", re.MULTILINE)
_TITLE = re.compile(r"(?P<id>\S+):(?P<code>[0-9]{1,18})\s*")
_ORD = re.compile(r"ord\(([0-9]{1,7})\)")
_FIRST_WRITTEN, _LAST = 128, 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Heading(NamedTuple):
    """What a code file says first."""

    file: str
    line: int
    seed: int
    step: int
    standard: str
    """The standard output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The code files together."""

    headings: list[Heading]
    texts: pl.DataFrame
    """file, line, id, code, text: in the order in which they were read."""
    faults: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The logs together."""

    mutations: pl.DataFrame
    """Columns `MUTATION`, code, file and line: each mutation once, sorted."""
    places: list[int]
    """Of the matrices that the logs mention, in the order of the model."""
    operations: set[str]
    """That the logs mention."""
    duplicates: int
    conflicts: int
    faults: pl.DataFrame


def decoded(text: str) -> str:
    """A text with its characters beyond ASCII, which the program writes as `ord(8217)`."""
    return _ORD.sub(lambda found: _character(int(found[1])) or found[0], text)


def _character(number: int) -> str | None:
    return chr(number) if _FIRST_WRITTEN <= number <= _LAST and number not in _SURROGATES else None


def read_logs(logs: Mapping[str, str], grid: pl.DataFrame, step: int, operations: Sequence[str]) -> Log:
    """The mutations of some logs; if operations are named, of these alone."""
    lines = pl.concat([pl.DataFrame(schema=_LINE_TYPES), *(_lines(file, text) for file, text in logs.items())])
    numbers = [pl.col(name).cast(pl.Int64, strict=False) for name in ("row", "column", "code")]
    parsed = (
        lines.with_columns(pl.col("text").str.extract_groups(f"^{MUTATION_LINE}$").alias("groups"))
        .unnest("groups")
        .with_columns(numbers)
        .join(grid, on="id", how="left", maintain_order="left")
        .with_columns(down=pl.col("row") // step, across=pl.col("column") // step)
    )
    place = pl.format("{},{}", "row", "column")
    mutations, bad = checked(
        parsed,
        [
            (
                pl.any_horizontal(pl.col("row", "column", "code").is_null()),
                pl.format("'{}' is no mutation: 'TYPE MATRIX:ROW,COLUMN:CODE' is.", pl.col("text").str.slice(0, 80)),
            ),
            (pl.col("place").is_null(), pl.format("The model has no matrix {}.", "id")),
            (
                (pl.col("row") % step != 0) | (pl.col("column") % step != 0),
                pl.format(f"The offset {{}} is no multiple of the step {step}.", place),
            ),
            (OUTSIDE, pl.format("The offset {} lies outside {}.", place, "id")),
            (
                ~pl.col("operation").is_in(operations or ["max", "min", "zero"]),
                pl.format("The operation {} is not among those that were screened.", "operation"),
            ),
        ],
    )
    once, mentioned = settled(mutations, MUTATION, ["code"]), parsed.drop_nulls("place")
    return Log(
        mutations=once.rows.select(*MUTATION, "code", "file", "line"),
        places=mentioned["place"].unique().sort().to_list(),
        operations=set(mentioned["operation"]),
        duplicates=len(once.duplicates),
        conflicts=len(once.conflicts),
        faults=bad,
    )


_LINE_TYPES = {"file": pl.String, "line": pl.Int64, "text": pl.String}


def _lines(file: str, text: str) -> pl.DataFrame:
    """The lines of a log, without those that are blank or mark a restart."""
    lines = pl.DataFrame({"text": text.split("\n")}, schema={"text": pl.String})
    said = pl.col("text").str.strip_chars()
    return (
        lines.select(file=pl.lit(file), line=pl.int_range(1, pl.len() + 1), text=pl.col("text"))
        .filter(said.ne("") & said.ne("%%%%%%"))
    )  # fmt: skip


def read_codes(files: Mapping[str, str]) -> Codes:
    """The texts of some code files."""
    headings: list[Heading] = []
    texts: list[tuple[str, int, str, int, str]] = []
    bad = [pl.DataFrame(schema=FAULT_TYPES)]
    for file, text in files.items():
        for line, section, is_closed in _sections(text):
            first, *rest = section.split("\n", 1)
            body = rest[0].removesuffix("\n") if rest and rest[0] else None
            if heading := re.match(rf"\s*{HEADING}", first):
                label, _, standard = (body or "").partition("\n")
                headings.append(Heading(file, line, int(heading["seed"]), int(heading["step"]), decoded(standard)))
                if label.strip().lower() != "standard output:":
                    bad.append(fault(file, line + 1, "The line 'standard output:' is missing."))
            elif (title := _TITLE.fullmatch(first)) is None:
                bad.append(fault(file, line, f"'{first[:80]}' is no heading of a text: 'MATRIX:CODE' is."))
            elif body is None:
                bad.append(fault(file, line, f"The code {first.strip()} has no text."))
            else:
                texts.append((file, line, title["id"], int(title["code"]), decoded(body)))
            if not is_closed:
                bad.append(fault(file, line, "No line %%%%%% ends this text: it may have been cut off."))
    schema = {**FAULT_TYPES, "id": pl.String, "code": pl.Int64, "text": pl.String}
    del schema["reason"]
    return Codes(headings=headings, texts=pl.DataFrame(texts, schema=schema, orient="row"), faults=pl.concat(bad))


def _sections(text: str) -> Iterator[tuple[int, str, bool]]:
    """What stands between the marks: its first line's number, itself, and whether a mark ends it."""
    start, line = 0, 1
    ends = [(mark.start(), mark.end()) for mark in _MARK.finditer(text)]
    for end, after in [*ends, (len(text), None)]:
        section = text[start:end].lstrip("\n")
        if section.strip():
            yield line + end - start - len(section), section, after is not None
        line += text.count("\n", start, after)
        start = after or end


def with_texts(log: Log, codes: Codes, grid: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The mutations of a log with the `text` of their code, null where none is known; what does not fit, as faults."""
    known, unknown = checked(
        codes.texts.join(grid, on="id", how="left", maintain_order="left"),
        [(pl.col("place").is_null(), pl.format("The model has no matrix {}.", "id"))],
    )
    once = settled(known, ["place", "code"], ["text"])
    changed = pl.format("The code {}:{} had another text before: the last one is kept.", "id", "code")
    said = log.mutations.join(
        once.rows.select("place", "code", "text"), on=["place", "code"], how="left", maintain_order="left"
    )
    unused = once.rows.join(log.mutations, on=["place", "code"], how="anti")
    textless = said.filter(pl.col("text").is_null()).join(grid.select("place", "id"), on="place", how="left")
    return said, pl.concat(
        [
            unknown,
            faults(once.conflicts, changed),
            *_lacking(unused, log.mutations, "No log has a mutation with"),
            *_lacking(textless, once.rows, "No code file has the text of"),
        ]
    )


def _lacking(rows: pl.DataFrame, others: pl.DataFrame, what: str) -> Iterator[pl.DataFrame]:
    """Codes that the other kind of files lacks, each once; or the whole matrix, where these say nothing of it."""
    is_partly = pl.col("place").is_in(others["place"].unique().to_list())
    single = rows.filter(is_partly).unique(["place", "code"], keep="first", maintain_order=True)
    yield faults(single, pl.format(f"{what} the code {{}}:{{}}.", "id", "code"))
    whole = rows.filter(~is_partly).unique("place", keep="first", maintain_order=True)
    yield faults(whole, pl.format(f"{what} any code of {{}}.", "id"))
