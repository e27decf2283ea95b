"""The study's published files, read and put into a database beside the screens of one's own.

Which files they are and what they say is known to `store.study`; here they become screens: with an experiment, a plan,
and what can be computed of their texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import StoreError
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import MATRIX_KINDS
from explorer.domain.phenotype import DESTROYED
from explorer.generation.style import style_of
from explorer.generation.texts import cosine_similarity, repetition, words
from explorer.screen.plan import Plan
from explorer.store.study.counts import Counted, read_counts
from explorer.store.study.files import Files, read_files
from explorer.store.study.measures import MEASURES, Measured, read_measures
from explorer.store.study.rows import MUTATION, fault, numbered
from explorer.store.study.screens import Published, Screened, Tallied
from explorer.store.study.shape import Shape, read_shape
from explorer.store.study.tables import Table
from explorer.store.study.texts import Codes, Heading, Log, read_codes, read_logs, with_texts
from explorer.store.summaries import OPERATIONS
from explorer.store.writer import PHENOTYPE_TYPES

STEP = 64
"""The side of a block where neither the user nor a code file says it."""
DECODINGS = {"mmlu21": Decoding(max_new_tokens=1)}
"""Of the study's experiments that are no prompt of ours."""
SAMPLED = Decoding(max_new_tokens=150, temperature=0.7)
"""The study's own decoding, for an experiment that nothing else is known of."""

_SAID = ("text", "score", "destructive", "cosine")
_MODES = {"mmlu21": "score", "drosophila": "cosine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be imported, and as what."""

    paths: tuple[Path, ...]
    shape: str
    """See `store.study.shape.read_shape`."""
    experiment: str | None = None
    """That of the logs; tables name their own."""
    step: int | None = None
    operations: tuple[str, ...] = ()
    """Those that were screened; by default those that occur."""
    all_matrices: bool = False
    """Whether a matrix that is not mentioned is a silent one; else it was not screened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The files of the study, read."""

    screens: list[Screened | Tallied]
    faults: pl.DataFrame
    """Columns `store.study.rows.FAULT_TYPES`: what could not be used, or only in part."""
    skipped: list[dict[str, str]]
    """Files that are none of the study: `file` and `reason`."""

    def store(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Write the screens that are new, and tell of all. Raises StoreError."""
        return {
            "screens": [screen.store(connection) for screen in self.screens],
            "malformed": len(self.faults),
            "faults": self.faults.rows(named=True),
            "skipped": self.skipped,
        }


def read_study(question: Question, known: Mapping[str, Experiment]) -> Study:
    """Read the files; `known` are the experiments whose prompts are known, by name. Raises ExplorerError."""
    shape = read_shape(question.shape)
    step = STEP if question.step is None else question.step
    plan = Plan(matrices="*.*", step=step, operations=question.operations or OPERATIONS)
    files = read_files(question.paths)
    if files.logs and not question.experiment:
        raise StoreError("A log does not say what the model was asked: name it, such as --experiment drosophila.")
    codes = read_codes(files.codes)
    if question.step is None and codes.headings:
        plan = replace(plan, step=codes.headings[0].step)
    reader = _Reader(question, known, shape, plan)
    screens: list[Screened | Tallied] = [*reader.logged(files, codes), *reader.measured(files.tables)]
    screens += reader.counted(files.tables)
    faults = pl.concat([codes.faults, *(table.faults for table in files.tables), *reader.faults])
    return Study(screens=screens, faults=faults.sort("file", "line", maintain_order=True), skipped=files.skipped)


class _Reader:
    """Makes screens of what was read, and collects what does not fit."""

    def __init__(self, question: Question, known: Mapping[str, Experiment], shape: Shape, plan: Plan) -> None:
        self._question, self._known, self._shape, self._plan = question, known, shape, plan
        self._grid = shape.grid(plan.step)
        self.faults: list[pl.DataFrame] = []

    def logged(self, files: Files, codes: Codes) -> Iterator[Screened]:
        """The screen of the logs, if they mention a matrix."""
        log = read_logs(files.logs, self._grid, self._plan.step, self._question.operations)
        said, bad = with_texts(log, codes, self._grid)
        self.faults += [log.faults, bad]
        if not files.logs:
            return
        first = next(iter(codes.headings), None)
        experiment = self._experiment(self._question.experiment or "", 0 if first is None else first.seed)
        self.faults += _unlike(codes.headings, experiment, self._plan.step)
        is_lost = pl.col("text").is_null()  # then there are as many phenotypes as codes
        said = said.with_columns(
            pl.when(is_lost).then(pl.col(name)).alias(f"lost_{name}") for name in ("place", "code")
        )
        standard = None if first is None else first.standard
        yield from self._screened(log, said, ["text", "lost_place", "lost_code"], experiment, "text", standard)

    def measured(self, tables: Sequence[Table]) -> Iterator[Screened]:
        """The screens of the tables of measures."""
        found, bad = read_measures(tables, self._grid, self._question.operations)
        self.faults.append(bad)
        for name, measured in found.items():
            said = measured.mutations
            yield from self._screened(measured, said, list(MEASURES), self._experiment(name), _MODES[name])

    def counted(self, tables: Sequence[Table]) -> Iterator[Tallied]:
        """The screens of the tables of counts."""
        found, bad = read_counts(tables, self._grid, self._question.operations)
        self.faults.append(bad)
        for counted in found:
            experiment, places = self._experiment(counted.experiment), counted.counts["place"].to_list()
            published = self._published(counted, places, self._question.operations, experiment, "counts")
            yield Tallied(published=published, counts=counted.counts)

    def _screened(
        self,
        read: Log | Measured,
        said: pl.DataFrame,
        columns: list[str],
        experiment: Experiment,
        mode: str,
        standard: str | None = None,
    ) -> Iterator[Screened]:
        """The screen of what was read, unless that names no mutation of the model at all.

        `said` has its mutations; those with the same in some columns have one phenotype.
        """
        is_whole = not isinstance(read, Measured) or read.is_whole
        places = self._grid["place"].to_list() if self._question.all_matrices and is_whole else read.places
        operations = self._question.operations or [name for name in OPERATIONS if name in read.operations]
        if not (places and operations):
            return
        mutations, phenotypes = numbered(said, columns)
        unknown = [pl.lit(None, PHENOTYPE_TYPES[name]).alias(name) for name in _SAID if name not in columns]
        yield Screened(
            published=self._published(read, places, operations, experiment, mode, standard),
            mutations=mutations.select(*MUTATION, "phenotype"),
            phenotypes=phenotypes.with_columns(unknown).select("phenotype", *_SAID),
            is_whole=is_whole,
            describe=described,
        )

    def _published(
        self,
        read: Log | Measured | Counted,
        places: list[int],
        operations: Sequence[str],
        experiment: Experiment,
        mode: str,
        standard: str | None = None,
    ) -> Published:
        plan = asdict(replace(self._plan, matrices=patterns(places, self._shape.layers)))
        return Published(
            shape=self._shape,
            experiment=experiment,
            mode=mode,
            plan={**plan, "operations": list(operations)},
            places=places,
            standard=standard,
            duplicates=read.duplicates,
            conflicts=read.conflicts,
        )

    def _experiment(self, name: str, seed: int = 0) -> Experiment:
        """The known one of that name; else a new one, whose prompt is its name."""
        if name.lower() in self._known:
            return self._known[name.lower()]
        decoding = DECODINGS.get(name.lower(), replace(SAMPLED, seed=seed))
        return Experiment(name=name, title=name, prompt=Prompt(text=name), decoding=decoding)


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


def described(phenotypes: pl.DataFrame, standard: str | None) -> pl.DataFrame:
    """Phenotypes with what can be computed of their texts: cosine with the standard output, repetition, style.

    What was published without a text keeps what was said of it, and an empty text that has no style.
    """

    rows = []
    for row in phenotypes.iter_rows(named=True):
        text = row["text"]
        known = {
            **row,
            "text": text or "",
            "tokens": [],
            "ending": "",
            "repetition": 0.0,
            "perplexity": None,
            "style": None,
        }
        if text is not None:
            places: dict[str, int] = {}
            known["repetition"] = repetition([places.setdefault(word, len(places)) for word in words(text)])
            known["cosine"] = None if standard is None else cosine_similarity(standard, text)
            known["style"] = style_of(text)
            known["destructive"] = known["style"] in DESTROYED
        rows.append(known)
    return pl.DataFrame(rows, schema=PHENOTYPE_TYPES)


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
