"""Screens as the page and the command line know them. What is stored is `atlas`' business.

Owns the databases that are open. Imports torch only when a screen is made ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.domain.experiments import Experiment
from explorer.domain.record import Run
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.screen.job import job_of
from explorer.screen.order import Order, Progress
from explorer.screen.plan import check_operations, matching
from explorer.screen.recipe import ScreenRecipe
from explorer.screen.study import Question, read_study
from explorer.store.library import Library
from explorer.store.queries import screen_report
from explorer.workspace.cluster import Cluster, reached
from explorer.workspace.computing import Computing

if TYPE_CHECKING:
    from explorer.screen.run import Execute, Screen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunningScreen:
    """A screen that runs as its progress is read."""

    total: int
    """Mutants, controls included."""
    matrices: int
    estimate: Callable[[], float]
    """Seconds that all of it takes, by a measurement; ask before it runs."""
    progress: Iterator[Progress]
    report: Callable[[], dict[str, Any]]
    """What the database holds of it by now."""


class Estimate(NamedTuple):
    """What a screen would be."""

    mutants: int
    matrices: int
    seconds: float
    disk: int
    """Bytes."""


class Screens:
    """What one process does with screens."""

    def __init__(
        self,
        settings: Settings,
        computing: Computing,
        model: Callable[[str], LoadedModel],
        keep: Callable[[LoadedModel, Run], None],
    ) -> None:
        """`keep` is given every screen that has ended, or was stopped, as a run for the record."""
        self._computing, self._model, self._keep = computing, model, keep
        self.library = Library(settings.screens_folder, settings.database)
        self.library.update()
        self._measured: tuple[Order, bool, Screen] | None = None
        """The screen that was estimated last, with what was measured of it."""

    def __deepcopy__(self, _memo: object) -> Screens:
        """Itself, as with `Workspace`: a copy at every visit would reach the models."""
        return self

    def estimate(self, order: Order, *, is_behind: bool = True) -> Estimate:
        """Its size, and its time by a measurement that takes some seconds. Raises ExplorerError.

        What is measured is part of the screen, if that is what is run next.
        """
        ready = self._ready(order, is_behind=is_behind)
        seconds = self._computing.run_behind(ready.estimate)
        self._measured = (order, is_behind, ready)
        disk = self._computing.run_behind(ready.disk)
        return Estimate(mutants=ready.total, matrices=len(ready.matrices), seconds=seconds, disk=disk)

    def forget(self, model: LoadedModel) -> None:
        """What was measured of a model."""
        if self._measured is not None and self._measured[2].job.model is model:
            self._measured = None

    @contextmanager
    def running(
        self,
        order: Order,
        path: Path | None = None,
        *,
        is_behind: bool = False,
        ray: str | None = None,
        workers: int | None = None,
    ) -> Iterator[RunningScreen]:
        """A screen that is ready to run into a database, the user's own unless another is named.

        It goes on where it was. One that runs behind the page takes small batches on a CPU, so that nobody waits long
        for the end of a forward pass. `ray` is the address of a Ray cluster that computes, with so many `workers`.
        Raises ExplorerError.
        """
        with self.library.writing(path) as connection, reached(ray) as has_cluster:
            ready = self._ready(order, is_behind=is_behind)
            self._computing.run_behind(ready.begin, connection)
            steps = ready.run(connection, self._on_cluster(order, ready, workers) if has_cluster else None)
            begun, has_run = time.perf_counter(), False

            def progress() -> Iterator[Progress]:
                nonlocal has_run
                for step in self._computing.stream_behind(steps):
                    has_run = True
                    yield step

            yield RunningScreen(
                total=ready.total,
                matrices=len(ready.matrices),
                estimate=lambda: self._computing.run_behind(ready.estimate),
                progress=progress(),
                report=lambda: screen_report(connection, ready.number or 0),
            )
            if has_run:
                report = screen_report(connection, ready.number or 0)
                database = path or self.library.paths["own"]
                self._keep(ready.job.model, run_of(order, report, database, time.perf_counter() - begun))

    def import_study(
        self, question: Question, known: Mapping[str, Experiment], tell: Callable[[str], None]
    ) -> dict[str, Any]:
        """Put what the study published into the user's own database; the report of it, see `screen.study`.

        `tell` is told how far it is. Raises ExplorerError, also while a screen is being written.
        """
        study = read_study(question, known, tell)
        with self.library.writing(waits=False) as connection:
            return study.store(connection, tell)

    def check(self, order: Order) -> None:
        """Raises ExplorerError if the plan or the background is none for the model."""

        anatomy = self._model(order.source).anatomy
        check_operations(order.plan, anatomy, matching(anatomy, order.plan.matrices, order.plan.unit))
        anatomy.read(order.background)

    def _on_cluster(self, order: Order, ready: Screen, workers: int | None) -> Execute:

        baseline_tokens = ready.worker.asked.baseline_tokens
        recipe = ScreenRecipe(order=order, precision=ready.job.model.precision, baseline_tokens=baseline_tokens)
        return Cluster(recipe, workers).execute

    def _ready(self, order: Order, *, is_behind: bool) -> Screen:
        from explorer.screen.fitting import LEAST, MOST
        from explorer.screen.run import Screen

        model = self._model(order.source)
        measured, self._measured = self._measured, None
        if measured is not None and measured[:2] == (order, is_behind) and measured[2].job.model is model:
            return measured[2]
        job = job_of(order, model)
        most = LEAST if is_behind and model.device.type == "cpu" else MOST
        return self._computing.run_behind(lambda: Screen(job, self._computing.breathe, most))


def run_of(order: Order, report: dict[str, Any], database: Path, seconds: float) -> Run:
    """A screen, as it stands in a database after so many seconds of work, for the record."""
    names = ["mutants", "nonsilent", "near_ties", "failed_controls"] + ["phenotypes"] * (order.mode == "text")
    return Run(
        kind="screen",
        genotypes=(order.background,) if order.background else (),
        prompt=order.experiment.prompt,
        decoding=order.experiment.decoding,
        original=report["baseline"],
        metrics={**{name: float(report[name]) for name in names}, "seconds": seconds},
        detail={
            "title": order.experiment.title,
            "plan": asdict(order.plan),
            "mode": order.mode,
            "planned": report["planned"],
            "is_finished": report["is_finished"],
            "screen": report["screen"],
            "database": str(database.absolute()),
        },
    )
