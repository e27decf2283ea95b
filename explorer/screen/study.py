"""The study's published files, read and put into a database beside the screens of one's own.

Which files they are and what they say is known to `store.study`; here they become screens: with an experiment, a plan,
and what can be computed of their texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import StoreError
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import MATRIX_KINDS
from explorer.domain.screened import USUAL
from explorer.screen.describing import described, kept
from explorer.screen.plan import Plan
from explorer.store.study.counts import Counted, read_counts, read_totals, unlike_totals, with_totals
from explorer.store.study.files import Files, Written, read_files
from explorer.store.study.measures import MEASURES, Measured, read_measures
from explorer.store.study.rows import FAULT_TYPES, MUTATION, fault, numbered
from explorer.store.study.screens import Describe, Published, Screened, Tallied, Tell
from explorer.store.study.shape import Shape, read_shape
from explorer.store.study.tables import Table
from explorer.store.study.texts import (
    Heading,
    Log,
    read_codes,
    read_logs,
    read_marks,
    read_said,
    with_phenotypes,
    without_prompt,
)
from explorer.store.writer import PHENOTYPE_TYPES

STEP = 64
"""The side of a block where neither the user nor a code file says it."""
MMLU21 = Experiment(
    name="mmlu21",
    title="Mmlu21 (study)",
    prompt=Prompt(
        text="21 questions of MMLU: 14 that the standard model answers right, 7 that it does not", chat=False
    ),
    decoding=Decoding(max_new_tokens=1),
)
"""The study's questions, of which no text is known here."""
SAMPLED = Decoding(max_length=150, temperature=0.7, top_k=50)
"""The study's own decoding, for an experiment that nothing else is known of."""
SINCE = date(2025, 1, 1)
"""From when on the descriptive program labels its maxima `min`, and its minima `max`."""

MEMORY = "600MB"
"""Of the database while it is written; the texts themselves need as much again."""

_SAID = ("text", "score", "destructive", "cosine")
_MODES = {"mmlu21": "score", "drosophila": "cosine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be imported, and as what."""

    paths: tuple[Path, ...]
    shape: str | None = None
    """See `store.study.shape.read_shape`; None: that which the names of sheets and files tell."""
    experiment: str | None = None
    """That of the logs; None: that which their names tell. Tables name their own."""
    step: int | None = None
    operations: tuple[str, ...] = ()
    """Those that were screened; by default those that occur."""
    all_matrices: bool = False
    """Whether a matrix that is not mentioned is a silent one; else it was not screened."""
    complete: bool = False
    """Whether matrices that logs mention were screened to their end, whatever finished and done files say."""
    swapped: bool | None = None
    """Whether max and min of the logs are exchanged; None: as the day in their names tells, or as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The files of the study, read."""

    screens: list[Screened | Tallied]
    faults: pl.DataFrame
    """Columns `store.study.rows.FAULT_TYPES`: what could not be used, or only in part."""
    skipped: list[dict[str, str]]
    """Files that are none of the study, or of no known model: `file` and `reason`."""
    questions: list[str] = field(default_factory=list)
    """What nothing tells, and how to answer it."""

    def store(self, connection: duckdb.DuckDBPyConnection, tell: Tell = lambda _sentence: None) -> dict[str, Any]:
        """Write the screens that are new, and tell of all. Raises StoreError."""
        connection.execute(f"SET memory_limit = '{MEMORY}'")  # what it cannot hold it puts on disk for a while
        try:
            screens = [screen.store(connection, tell) for screen in self.screens]
        finally:
            connection.execute("RESET memory_limit")
        return {
            "screens": screens,
            "malformed": len(self.faults),
            "faults": self.faults.rows(named=True),
            "skipped": self.skipped,
            "questions": self.questions,
        }


def read_study(question: Question, known: Mapping[str, Experiment], tell: Tell = lambda _sentence: None) -> Study:
    """Read the files; `known` are the experiments whose prompts are known, by name. Raises ExplorerError."""
    shape = None if question.shape is None else read_shape(question.shape)
    step = STEP if question.step is None else question.step
    plan = Plan(matrices="*.*", step=step, operations=question.operations or USUAL)
    files = read_files(question.paths, tuple(known), tell)
    reader = _Reader(question, known, shape, plan, tell)
    screens: list[Screened | Tallied] = [*reader.logged(files), *reader.tabled(files.tables)]
    faults = pl.concat([pl.DataFrame(schema=FAULT_TYPES), *(table.faults for table in files.tables), *reader.faults])
    return Study(
        screens=screens,
        faults=faults.sort("file", "line", maintain_order=True),
        skipped=[*files.skipped, *reader.skipped],
        questions=reader.questions,
    )


class _Reader:
    """Makes screens of what was read, and collects what does not fit."""

    def __init__(
        self, question: Question, known: Mapping[str, Experiment], shape: Shape | None, plan: Plan, tell: Tell
    ) -> None:
        self._question, self._known, self._shape, self._plan, self._tell = question, known, shape, plan, tell
        self.faults: list[pl.DataFrame] = []
        self.skipped: list[dict[str, str]] = []
        self.questions: list[str] = []

    # ---------------------------------------------------------------------------------------------- logs and codes

    def logged(self, files: Files) -> Iterator[Screened]:
        """A screen for the logs of each model and experiment that mention a matrix. Raises StoreError."""
        grouped: dict[tuple[Shape, str], list[Written]] = {}
        nameless = None
        for written in files.written:
            model = self._model_of(written.model, str(written.path))
            if model is None:
                continue
            experiment = self._question.experiment or written.experiment
            if experiment is None:
                nameless = nameless or (written if written.kind == "log" else None)
                continue
            grouped.setdefault((model, experiment), []).append(written)
        if nameless is not None:
            raise StoreError(
                f"Nothing tells what the model was asked in the log {nameless.path.name}: name it, such as "
                "--experiment drosophila."
            )
        for (shape, experiment), group in grouped.items():
            if any(each.kind in ("log", "mark") for each in group):
                yield from self._of_logs(shape, experiment, group)
            else:
                self._leave_out(str(group[0].path), "No log stands beside it that says which mutations have its texts.")

    def _of_logs(self, shape: Shape, name: str, written: Sequence[Written]) -> Iterator[Screened]:
        codes = read_codes(self._opened(written, "code"))
        first = next(iter(codes.headings), None)
        plan = self._plan
        if self._question.step is None and first is not None:
            plan = replace(plan, step=first.step)
        grid = shape.grid(plan.step)
        is_scored = first is not None and first.is_scored
        experiment = self._experiment(name, 0 if first is None else first.seed, is_scored=is_scored)
        marks = read_marks(self._opened(written, "mark"), grid, plan.step)
        log = read_logs(
            self._opened(written, "log"), grid, plan.step, self._question.operations, marks=marks,
            is_complete=self._question.complete, is_swapped=self._is_swapped(written, name, is_scored=is_scored),
        )  # fmt: skip
        prompt = None if is_scored else experiment.prompt.text
        codes = replace(codes, texts=codes.texts.with_columns(text=without_prompt(pl.col("text"), prompt)))
        mutations, phenotypes, bad = with_phenotypes(log, codes, grid)
        self.faults += [codes.faults, marks.faults, log.faults, bad, *_unlike(codes.headings, experiment, plan.step)]
        standard = self._standard(first, written, prompt)
        yield from self._screened(
            shape, plan, log, mutations, phenotypes, experiment, "text", standard,
            describe=kept if is_scored else described,
        )  # fmt: skip

    def _opened(self, written: Iterable[Written], kind: str) -> Iterator[tuple[str, str]]:
        """The names and texts of some files, one after the other."""
        for each in written:
            if each.kind == kind:
                self._tell(f"Reading {each.path.name}")
                yield str(each.path), each.text()

    def _standard(self, first: Heading | None, written: Sequence[Written], prompt: str | None) -> str | None:
        """The standard output: of the first code file, or of a file of its own."""
        text = first.standard if first is not None else None
        for each in written:
            if text is None and each.kind == "standard":
                text = read_said(each.text()).text
        if text is None:
            return None
        answer = pl.select(without_prompt(pl.lit(text), prompt)).item()
        return str(answer)

    def _is_swapped(self, written: Sequence[Written], name: str, *, is_scored: bool) -> bool:
        """Whether max and min are exchanged in some logs; asks where nothing tells."""
        if self._question.swapped is not None or is_scored:
            return bool(self._question.swapped) and not is_scored
        days = {each.day for each in written if each.kind == "log"}
        if days and None not in days and all(day < SINCE for day in days if day is not None):
            return False
        self.questions.append(
            f"Are max and min exchanged in the logs of {name}? The study's descriptive program labels them so since "
            "January 2025, and nothing in these files tells which version wrote them: they were taken as they are "
            "written. If it was that one, import them again with --swapped; if not, with --not-swapped."
        )
        return False

    # -------------------------------------------------------------------------------------------------- tables

    def tabled(self, tables: Sequence[Table]) -> Iterator[Screened | Tallied]:
        """The screens of the tables of each model: those of measures, then those of counts."""
        totals, bad = read_totals(tables, self._shape)
        self.faults.append(bad)
        by_model: dict[Shape, list[Table]] = {}
        for table in tables:
            if table.kind != "totals" and (model := self._model_of(table.model, table.name)):
                by_model.setdefault(model, []).append(table)
        if self._shape is not None:
            for model in set(totals) - {self._shape}:
                del totals[model]
        counted: dict[Shape, list[Counted]] = {}
        for shape in dict.fromkeys([*by_model, *totals]):
            found, bad = read_counts(by_model.get(shape, []), shape.grid(self._plan.step), self._question.operations)
            self.faults.append(bad)
            counted[shape] = with_totals(found, totals.get(shape, {}))
        for shape, own in by_model.items():
            yield from self._measured(shape, own, counted.get(shape, []))
        for shape, experiments in counted.items():
            for each in experiments:
                yield self._tallied(shape, each)

    def _measured(self, shape: Shape, tables: Sequence[Table], counted: Sequence[Counted]) -> Iterator[Screened]:
        """The screens of the tables of measures: partial, unless all that are known to be non-silent are listed."""
        grid = shape.grid(self._plan.step)
        found, bad = read_measures(tables, grid, self._question.operations)
        self.faults.append(bad)
        known = {each.experiment.lower(): int(each.counts["nonsilent"].sum()) for each in counted}
        for name, measured in found.items():
            loud = measured.mutations.filter(~pl.col("is_silent"))
            numbers, phenotypes = numbered(loud, list(MEASURES))
            silent = measured.mutations.filter("is_silent").with_columns(phenotype=pl.lit(None, pl.UInt32))
            columns = [*MUTATION, "phenotype"]
            mutations = pl.concat([numbers.select(columns), silent.select(columns)], how="vertical_relaxed").sort(
                MUTATION
            )
            is_whole = self._question.complete or (name == "mmlu21" and loud.height == known.get(name))
            yield from self._screened(
                shape, self._plan, measured, mutations, phenotypes, self._experiment(name), _MODES[name],
                is_partial=not is_whole,
            )  # fmt: skip

    def _tallied(self, shape: Shape, counted: Counted) -> Tallied:
        if sentence := unlike_totals(counted):
            self.faults.append(fault(shape.name, 0, sentence))
        places = counted.counts["place"].to_list()
        operations = self._question.operations or tuple(name for name in USUAL if counted.totals.get(name))
        published = self._published(
            shape, self._plan, counted, places, operations, self._experiment(counted.experiment), "counts"
        )
        return Tallied(published=published, counts=counted.counts, totals=counted.totals, of_layers=counted.of_layers)

    # -------------------------------------------------------------------------------------------------- both

    def _model_of(self, named: Shape | None, name: str) -> Shape | None:
        """The model of a file or a sheet; None, and a word on it, where it is none or another than was asked for."""
        if named is not None and self._shape is not None and named != self._shape:
            self._leave_out(name, f"It is of {named}, not of {self._shape}: leave --shape out, or name it.")
            return None
        if named is None and self._shape is None:
            self._leave_out(name, "Nothing tells of which model it is: name it with --shape, such as llama2-7b.")
        return named or self._shape

    def _leave_out(self, file: str, reason: str) -> None:
        self.skipped.append({"file": file, "reason": reason})

    def _screened(
        self,
        shape: Shape,
        plan: Plan,
        read: Log | Measured,
        mutations: pl.DataFrame,
        phenotypes: pl.DataFrame,
        experiment: Experiment,
        mode: str,
        standard: str | None = None,
        *,
        describe: Describe = kept,
        is_partial: bool = False,
    ) -> Iterator[Screened]:
        """The screen of what was read, unless that names no mutation of the model at all."""
        grid = shape.grid(plan.step)
        every = {
            place: downs * acrosses - 1 for place, downs, acrosses in grid.select("place", "downs", "acrosses").rows()
        }
        reached = dict(read.reached) if isinstance(read, Log) else dict.fromkeys(read.places, -1)
        if self._question.all_matrices and not is_partial:
            reached = every | reached
        elif isinstance(read, Measured) and not is_partial:
            reached = {place: every[place] for place in reached}
        operations = self._question.operations or [name for name in USUAL if name in read.operations]
        if not (reached and operations):
            return
        places = sorted(reached)
        unknown = [pl.lit(None, PHENOTYPE_TYPES[name]).alias(name) for name in _SAID if name not in phenotypes.columns]
        yield Screened(
            published=self._published(
                shape, plan, read, places, operations, experiment, mode, standard, is_partial=is_partial
            ),
            mutations=mutations.select(*MUTATION, "phenotype"),
            phenotypes=phenotypes.with_columns(unknown).select("phenotype", *_SAID),
            reached=reached,
            describe=describe,
        )

    def _published(
        self,
        shape: Shape,
        plan: Plan,
        read: Log | Measured | Counted,
        places: list[int],
        operations: Sequence[str],
        experiment: Experiment,
        mode: str,
        standard: str | None = None,
        *,
        is_partial: bool = False,
    ) -> Published:
        described = asdict(replace(plan, matrices=patterns(places, shape.layers)))
        return Published(
            shape=shape,
            experiment=experiment,
            mode=mode,
            plan={**described, "operations": list(operations)},
            places=places,
            standard=standard,
            duplicates=read.duplicates,
            conflicts=read.conflicts,
            is_partial=is_partial,
        )

    def _experiment(self, name: str, seed: int = 0, *, is_scored: bool = False) -> Experiment:
        """The known one of that name, whatever its capitals; else a new one, whose prompt is its name."""
        lower = name.lower()
        if lower in self._known:
            return self._known[lower]
        if lower == MMLU21.name or is_scored:
            return replace(MMLU21, name=lower)
        decoding = replace(SAMPLED, seed=seed)
        return Experiment(name=lower, title=name, prompt=Prompt(text=name, chat=False), decoding=decoding)


def patterns(places: Sequence[int], layers: int) -> str:
    """The matrices at some places of a model as a plan names them: `*.down, 0-5.v, 11.*`."""
    by_layers: dict[str, list[str]] = {}
    for number, kind in enumerate(MATRIX_KINDS):
        chosen = [place // len(MATRIX_KINDS) for place in places if place % len(MATRIX_KINDS) == number]
        for run in _runs(chosen, layers):
            by_layers.setdefault(run, []).append(kind)
    whole = len(MATRIX_KINDS)
    return ", ".join(
        f"{run}.{kind}" for run, kinds in by_layers.items() for kind in (["*"] if len(kinds) == whole else kinds)
    )


def _runs(numbers: Sequence[int], count: int) -> Iterator[str]:
    """Rising numbers below a count as runs, such as 0-5 and 11; all of them as *."""
    for _, group in groupby(enumerate(numbers), key=lambda each: each[1] - each[0]):
        run = [number for _, number in group]
        yield "*" if len(run) == count else str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"


def _unlike(headings: Sequence[Heading], experiment: Experiment, step: int) -> Iterator[pl.DataFrame]:
    """The code files that say other things than the screen they are put into."""
    for heading in headings:
        if heading.step != step:
            reason = f"The step is {heading.step} here, but {step} in the screen: --step chooses another."
            yield fault(heading.file, heading.line, reason)
        if heading.seed != experiment.decoding.seed:
            reason = f"The seed is {heading.seed} here, but {experiment.decoding.seed} in {experiment.name}."
            yield fault(heading.file, heading.line, reason)
        if heading.standard != headings[0].standard:
            reason = f"The standard output is not that of {headings[0].file}, with which all texts are compared."
            yield fault(heading.file, heading.line, reason)
