"""What the study's programs write: logs of the non-silent mutations, code files with the texts of their phenotypes.

A log has a mutation a line, with the number of its phenotype, the *code*, which counts within one matrix. Both kinds of
files have lines of six per cent signs: in a log the program was started again there, in a code file a text ends. A run
mutates column after column of blocks, from the top down; its *finished* file holds the offset of the last block, or the
matrices that are complete, its *done* file those that are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from explorer.store.study.names import MATRIX, matrix_in, with_place
from explorer.store.study.rows import FAULT_TYPES, MUTATION, OUTSIDE, checked, fault, faults, numbered, settled

MUTATION_LINE = r"\s*(?P<operation>max|min|zero)\s+(?P<id>\S+):(?P<row>[0-9]+),(?P<column>[0-9]+):(?P<code>[0-9]+)\s*"
HEADING = r"seed:\s*(?P<seed>[0-9]+)\s+step:\s*(?P<step>[0-9]+)"
"""The first line of a code file."""
SWAPPED = {"max": "min", "min": "max"}
"""What the labels of a program mean that has exchanged them."""

_MARK = re.compile(r"^%%%%%%[ \t]*(?:\n|\Z)", re.MULTILINE)
_TITLE = re.compile(r"(?P<id>\S+):(?P<code>[0-9]{1,18})\s*")
_ORD = re.compile(r"ord\(([0-9]{1,7})\)")
_BARE_ORD = re.compile(r"ord([0-9]{3,7})")
"""As the program of the questions writes it."""
_FIRST_WRITTEN, _LAST = 128, 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_BETWEEN = "| |"
"""Stands between the answers to the questions."""
_SCORE = re.compile(r"right: (?P<right>[0-9]+)\|(?P<wrong>[0-9]+) wrong: (?P<lost>[0-9]+)\|")
_LETTERS = "ABCD"
NOTHING = "–"
"""Instead of the letter of an answer that is none."""


class Heading(NamedTuple):
    """What a code file says first."""

    file: str
    line: int
    seed: int
    step: int
    standard: str
    """The standard output; of questions the letters."""
    is_scored: bool
    """Whether it is of the program that asks questions."""


class Said(NamedTuple):
    """A phenotype as it is read."""

    text: str
    score: str | None = None
    destructive: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The code files together."""

    headings: list[Heading] = field(default_factory=list)
    texts: pl.DataFrame
    """file, line, id, code, text, score, destructive: in the order in which they were read."""
    faults: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The logs together."""

    mutations: pl.DataFrame
    """Columns `MUTATION`, code, file and line: each mutation once, sorted."""
    reached: dict[int, int]
    """Of the matrices that logs and marks mention, by place in the order of the model: the last block, counted column
    after column, up to which all are known; -1: none but those that are logged."""
    operations: set[str]
    """That the logs mention."""
    duplicates: int
    conflicts: int
    faults: pl.DataFrame

    @property
    def places(self) -> list[int]:
        """Of the matrices that are mentioned."""
        return list(self.reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How far runs came, from the files that they left."""

    whole: frozenset[int]
    """Places of the matrices that are complete."""
    last: dict[int, tuple[int, int]]
    """Of others the last block: down, across."""
    faults: pl.DataFrame


def decoded(text: str) -> str:
    """A text with its characters beyond ASCII, which the program writes as `ord(8217)`."""
    return _ORD.sub(lambda found: _character(int(found[1])) or found[0], text) if "ord(" in text else text


def _character(number: int) -> str | None:
    return chr(number) if _FIRST_WRITTEN <= number <= _LAST and number not in _SURROGATES else None


def read_said(written: str) -> Said:
    """A phenotype as a code file has it: a text, or the answers to questions with their score.

    Answers become the letters that they are, those of the questions that the standard model gets right first, as
    `screen.examination` tells them.
    """
    found = _SCORE.search(written)
    if found is None or _BETWEEN not in written:
        return Said(decoded(written))
    answers = [part.strip() for part in written[: found.start()].split(_BETWEEN)]
    answers = answers[:-1] if answers and not answers[-1] else answers
    letters = "".join(part if part in _LETTERS and len(part) == 1 else NOTHING for part in answers)
    known = int(found["right"]) + int(found["lost"])
    return Said(
        text=f"{letters[:known]} | {letters[known:]}",
        score=f"{found['right']}|{found['wrong']}",
        destructive=not letters.strip(NOTHING),
    )


def read_logs(
    logs: Iterable[tuple[str, str]],
    grid: pl.DataFrame,
    step: int,
    operations: Sequence[str],
    *,
    marks: Marks | None = None,
    is_complete: bool = False,
    is_swapped: bool = False,
) -> Log:
    """The mutations of some logs, each with its name; if operations are named, of these alone.

    `is_complete`: every matrix was screened to its end, whatever the marks say. `is_swapped`: max and min were labelled
    as each other.
    """
    parts = [_parsed(file, text, grid, step, operations, is_swapped=is_swapped) for file, text in logs]
    mutations = pl.concat([pl.DataFrame(schema=_MUTATION_TYPES), *(part[0] for part in parts)])
    once = settled(mutations, MUTATION, ["code"])
    mentioned = set[int]().union(*(part[2] for part in parts)) if parts else set[int]()
    return Log(
        mutations=once.rows,
        reached=_reached(once.rows, mentioned, grid, marks, is_complete=is_complete),
        operations=set[str]().union(*(part[3] for part in parts)) if parts else set(),
        duplicates=len(once.duplicates),
        conflicts=len(once.conflicts),
        faults=pl.concat([pl.DataFrame(schema=FAULT_TYPES), *(part[1] for part in parts)]),
    )


_MUTATION_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.Int32, "down": pl.Int32, "across": pl.Int32, "operation": pl.Enum(["max", "min", "zero"]),
    "code": pl.Int64, "file": pl.Categorical, "line": pl.Int32,
}  # fmt: skip
"""As small as they may be, for there are millions."""


def _parsed(
    file: str, text: str, grid: pl.DataFrame, step: int, operations: Sequence[str], *, is_swapped: bool
) -> tuple[pl.DataFrame, pl.DataFrame, set[int], set[str]]:
    """The mutations of one log, what is wrong with its other lines, and the matrices and operations of all."""
    numbers = [pl.col(name).cast(pl.Int64, strict=False) for name in ("row", "column", "code")]
    operation = pl.col("operation").replace(SWAPPED) if is_swapped else pl.col("operation")
    lines = _lines(file, text)
    parsed = (
        with_place(
            lines.with_columns(pl.col("text").str.extract_groups(f"^{MUTATION_LINE}$").alias("groups")).unnest(
                "groups"
            ),
            grid,
        )
        .with_columns(*numbers, operation)
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
    mentioned = parsed.drop_nulls("place")
    return (
        mutations.select(*_MUTATION_TYPES).cast(_MUTATION_TYPES),  # type: ignore[arg-type]
        bad,
        set(mentioned["place"].unique()),
        set(mentioned["operation"].drop_nulls().unique()),
    )


def _reached(
    mutations: pl.DataFrame, mentioned: set[int], grid: pl.DataFrame, marks: Marks | None, *, is_complete: bool
) -> dict[int, int]:
    """See `Log.reached`. Without a mark, a run is known to have come to the block before the last that is logged."""
    sizes = {place: (downs, acrosses) for place, downs, acrosses in grid.select("place", "downs", "acrosses").rows()}
    logged = mutations.join(grid.select("place", "downs"), on="place").group_by("place")
    last = dict(logged.agg((pl.col("across") * pl.col("downs") + pl.col("down")).max()).rows())
    whole = marks.whole if marks else frozenset[int]()
    finished = marks.last if marks else {}
    reached = {}
    for place in sorted(mentioned | whole | set(finished)):
        downs, acrosses = sizes[place]
        if is_complete or place in whole:
            reached[place] = downs * acrosses - 1
        elif place in finished:
            down, across = finished[place]
            reached[place] = min(across * downs + down, downs * acrosses - 1)
        else:
            reached[place] = last.get(place, 0) - 1
    return reached


def read_marks(files: Iterable[tuple[str, str]], grid: pl.DataFrame, step: int) -> Marks:
    """How far runs came, from their finished and done files, each with its name."""
    said: list[tuple[str, int, str]] = []
    offsets: list[tuple[str, str, int, int]] = []
    bad = [pl.DataFrame(schema=FAULT_TYPES)]
    for file, text in files:
        for line, written in enumerate(text.splitlines(), 1):
            stripped = written.strip()
            offset = re.fullmatch(r"([0-9]+)\s*,\s*([0-9]+)", stripped)
            if re.fullmatch(MATRIX, stripped):
                said.append((file, line, stripped))
            elif offset and (identity := matrix_in(file)):
                offsets.append((file, identity, int(offset[1]) // step, int(offset[2]) // step))
            elif stripped:
                bad.append(fault(file, line, f"'{stripped[:80]}' says of no matrix how far its run came."))
    placed = with_place(
        pl.DataFrame(said, schema={"file": pl.String, "line": pl.Int64, "id": pl.String}, orient="row"), grid
    )
    whole, unknown = checked(placed, [(pl.col("place").is_null(), pl.format("The model has no matrix {}.", "id"))])
    schema = {"file": pl.String, "id": pl.String, "down": pl.Int64, "across": pl.Int64}
    found = with_place(pl.DataFrame(offsets, schema=schema, orient="row"), grid).drop_nulls("place")
    return Marks(
        whole=frozenset(whole["place"]),
        last={place: (down, across) for place, down, across in found.select("place", "down", "across").rows()},
        faults=pl.concat([*bad, unknown]),
    )


_LINE_TYPES = {"file": pl.String, "line": pl.Int64, "text": pl.String}


def _lines(file: str, text: str) -> pl.DataFrame:
    """The lines of a log, without those that are blank or mark a restart."""
    lines = pl.DataFrame({"text": text.split("\n")}, schema={"text": pl.String})
    said = pl.col("text").str.strip_chars()
    return (
        lines.select(file=pl.lit(file), line=pl.int_range(1, pl.len() + 1), text=pl.col("text"))
        .filter(said.ne("") & said.ne("%%%%%%"))
        .cast(_LINE_TYPES)  # type: ignore[arg-type]
    )


_TEXT_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "file": pl.String, "line": pl.Int64, "id": pl.String, "code": pl.Int64, "text": pl.String, "score": pl.String,
    "destructive": pl.Boolean,
}  # fmt: skip


def read_codes(files: Iterable[tuple[str, str]]) -> Codes:
    """The texts of some code files, each with its name."""
    headings: list[Heading] = []
    frames, bad = [pl.DataFrame(schema=_TEXT_TYPES)], [pl.DataFrame(schema=FAULT_TYPES)]
    for file, text in files:
        texts: list[tuple[object, ...]] = []
        for line, section, is_closed in _sections(text):
            first, *rest = section.split("\n", 1)
            body = rest[0].removesuffix("\n") if rest and rest[0] else None
            if heading := re.match(rf"\s*{HEADING}", first):
                label, _, standard = (body or "").partition("\n")
                said = read_said(standard)
                headings.append(
                    Heading(file, line, int(heading["seed"]), int(heading["step"]), said.text, said.score is not None)
                )
                if label.strip().lower() != "standard output:":
                    bad.append(fault(file, line + 1, "The line 'standard output:' is missing."))
            elif (title := _TITLE.fullmatch(first)) is None:
                bad.append(fault(file, line, f"'{first[:80]}' is no heading of a text: 'MATRIX:CODE' is."))
            elif body is None:
                bad.append(fault(file, line, f"The code {first.strip()} has no text."))
            else:
                texts.append((file, line, title["id"], int(title["code"]), *read_said(body)))
            if not is_closed:
                bad.append(fault(file, line, "No line %%%%%% ends this text: it may have been cut off."))
        frames.append(pl.DataFrame(texts, schema=_TEXT_TYPES, orient="row"))
    return Codes(headings=headings, texts=pl.concat(frames), faults=pl.concat(bad))


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


def without_prompt(text: pl.Expr, prompt: str | None) -> pl.Expr:
    """Texts without the marks of beginning and end, and without the prompt that published ones begin with."""
    answer = text.str.replace(r"^\s*<s>", "").str.replace(r"</s>\s*$", "")
    if not prompt:
        return answer
    begun = answer.str.strip_chars_start()
    return pl.when(begun.str.starts_with(prompt)).then(begun.str.slice(len(prompt))).otherwise(answer)


def with_phenotypes(log: Log, codes: Codes, grid: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The mutations of a log with the number of their phenotype; the phenotypes; and what does not fit, as faults.

    Phenotypes have the columns phenotype, text, score and destructive; equal texts are one. Of a code without a text
    nothing is known but that it is one of its own.
    """
    known, unknown = checked(
        with_place(codes.texts, grid),
        [(pl.col("place").is_null(), pl.format("The model has no matrix {}.", "id"))],
    )
    once = settled(known, ["place", "code"], ["text"])
    changed = pl.format("The code {}:{} had another text before: the last one is kept.", "id", "code")
    texts = once.rows.select("place", "code", "text", "score", "destructive")
    mentioned = log.mutations.unique(["place", "code"], keep="first", maintain_order=True)
    pairs = mentioned.select("place", "code").join(texts, on=["place", "code"], how="left", maintain_order="left")
    is_lost = pl.col("text").is_null()
    pairs = pairs.with_columns(pl.when(is_lost).then(pl.col(name)).alias(f"lost_{name}") for name in ("place", "code"))
    pairs, phenotypes = numbered(pairs, ["text", "score", "destructive", "lost_place", "lost_code"])
    mutations = log.mutations.join(
        pairs.select("place", "code", "phenotype"), on=["place", "code"], how="left", maintain_order="left"
    )
    unused = once.rows.join(mentioned, on=["place", "code"], how="anti")
    textless = (
        pairs.filter(is_lost)
        .select("place", "code")
        .join(mentioned, on=["place", "code"], how="left")
        .join(grid.select("place", id=pl.format("{}.{}", "layer", "kind")), on="place", how="left")
    )
    bad = [
        unknown,
        faults(once.conflicts, changed),
        *_lacking(unused, log.mutations, "No log has a mutation with"),
        *_lacking(textless, once.rows, "No code file has the text of"),
    ]
    return mutations.select(*MUTATION, "phenotype"), phenotypes.drop("lost_place", "lost_code"), pl.concat(bad)


def _lacking(rows: pl.DataFrame, others: pl.DataFrame, what: str) -> Iterator[pl.DataFrame]:
    """Codes that the other kind of files lacks; or the whole matrix, where these say nothing of it."""
    is_partly = pl.col("place").is_in(others["place"].unique().to_list())
    yield faults(rows.filter(is_partly), pl.format(f"{what} the code {{}}:{{}}.", "id", "code"))
    whole = rows.filter(~is_partly).unique("place", keep="first", maintain_order=True)
    yield faults(whole, pl.format(f"{what} any code of {{}}.", "id"))
