"""Directed evolution as the page and the command line know it: run, listed, exported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.domain.decoding import Prompt
from explorer.domain.evaluation import QuestionSet
from explorer.domain.evolution import Evolution, EvolutionOrder
from explorer.domain.evolved import Member, Progress
from explorer.domain.record import Run
from explorer.evolution.recipe import EvolutionRecipe
from explorer.files.evolutions import NamedEvolution, read_evolutions
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.store import evolutions as store
from explorer.store.evolutions import StoredEvolution
from explorer.store.library import Library
from explorer.tasks.comparison import shortened
from explorer.workspace.behaviour import Behaviour
from explorer.workspace.cluster import Cluster, reached
from explorer.workspace.computing import Computing, lack_of_memory_told

if TYPE_CHECKING:
    from explorer.evolution.bench import Execute
    from explorer.evolution.founders import Screened
    from explorer.evolution.run import Evolving


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunningEvolution:
    """An evolution that runs as its progress is read."""

    progress: Iterator[Progress]
    stored: Callable[[], StoredEvolution]
    """What the database holds of it by now."""


class Evolutions:
    """What one process does with evolutions. Those that come along are `presets`."""

    def __init__(
        self,
        settings: Settings,
        computing: Computing,
        behaviour: Behaviour,
        library: Library,
        model: Callable[[str], LoadedModel],
        keep: Callable[[LoadedModel, Run], None],
    ) -> None:
        """`keep` is given every evolution that has ended, as a run for the record."""
        self._settings, self._computing, self._behaviour, self._library = settings, computing, behaviour, library
        self._model, self._keep = model, keep

    def __deepcopy__(self, _memo: object) -> Evolutions:
        """Itself, as with `Workspace`: a copy at every visit would reach the models."""
        return self

    def presets(self) -> tuple[NamedEvolution, ...]:
        """What is offered. Raises EvolutionError."""
        return read_evolutions(self._settings.evolve_folder)

    def check(self, order: EvolutionOrder) -> None:
        """Raises ExplorerError if the model has no such places, or a target is none of it."""
        from explorer.evolution.places import Places
        from explorer.evolution.targets import check_target

        anatomy = self._model(order.source).anatomy
        Places(anatomy, order.evolution.space, anatomy.read(order.evolution.background))
        for target in order.evolution.targets:
            check_target(target)

    @contextmanager
    def running(
        self, order: EvolutionOrder, path: Path | None = None, *, ray: str | None = None, workers: int | None = None
    ) -> Iterator[RunningEvolution]:
        """An evolution that is ready to run into a database, the user's own unless another is named.

        It goes on where it was. `ray` is the address of a Ray cluster that computes, with so many `workers`. Raises
        ExplorerError.
        """
        with self._library.writing(path) as connection, reached(ray) as has_cluster:
            ready = self._ready(order)
            steps = ready.run(
                connection, self._screened(ready), self._on_cluster(order, ready, workers) if has_cluster else None
            )
            begun, last = time.perf_counter(), None

            def progress() -> Iterator[Progress]:
                nonlocal last
                with lack_of_memory_told("search fewer mutations at once, or ask for fewer new tokens"):
                    for step in self._computing.stream_behind(steps):
                        last = step
                        yield step

            yield RunningEvolution(
                progress=progress(),
                stored=lambda: store.stored(connection, ready.number or 0),
            )
            if last is not None and last.phase == "done":
                found = store.stored(connection, ready.number or 0)
                database = path or self._library.paths["own"]
                self._keep(ready.model, run_of(found, ready.model, database, time.perf_counter() - begun))

    def stored(self) -> list[StoredEvolution]:
        """Those of the user's own database, the newest first; none where that is missing or a folder of screens.

        Raises StoreError.
        """
        if not self._library.paths["own"].is_file():
            return []
        with self._library.reading("own") as connection:
            return store.listed(connection)

    def one(self, number: int) -> StoredEvolution:
        """A stored evolution. Raises StoreError."""
        with self._library.reading("own") as connection:
            return store.stored(connection, number)

    def members(self, number: int, *, rivals: bool = False) -> list[Member]:
        """Who was born in a stored evolution, or the random ones beside it. Raises StoreError."""
        with self._library.reading("own") as connection:
            return store.members(connection, number, rivals=rivals)

    def export(self, number: int, folder: Path) -> None:
        """A stored evolution as Parquet files. Raises StoreError."""
        with self._library.reading("own") as connection:
            store.export(connection, number, folder)

    def _ready(self, order: EvolutionOrder) -> Evolving:
        from explorer.evolution.run import Evolving

        model = self._model(order.source)
        questions = self.questions(order.evolution)
        return self._computing.run_behind(lambda: Evolving(order, model, questions, self._computing.breathe))

    def questions(self, evolution: Evolution) -> QuestionSet | None:
        """The bundled questions that it asks. Raises TaskError."""
        if not evolution.asks_questions:
            return None
        return shortened(self._behaviour.question_sets()[0], evolution.questions)

    def _screened(self, ready: Evolving) -> Screened:
        """What stored screens of the model know, the bundled ones first."""

        def screened(is_like: Callable[[str], bool] | None, unseen: Sequence[str], limit: int) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            fingerprint = ready.model.fingerprint
            for shelf in ("bundled", "own"):
                if self._library.has(shelf):
                    with self._library.reading(shelf) as connection:
                        found += (
                            store.loudest(connection, fingerprint, unseen, limit)
                            if is_like is None
                            else store.told_like(connection, fingerprint, unseen, is_like, limit)
                        )
            return found[:limit]

        return screened

    def _on_cluster(self, order: EvolutionOrder, ready: Evolving, workers: int | None) -> Execute:
        recipe = EvolutionRecipe(
            order=order,
            precision=ready.model.precision,
            questions=self.questions(order.evolution),
            fingerprint=ready.model.fingerprint,
            originals=self._computing.run_behind(lambda: ready.bench.originals),
        )
        return Cluster(recipe, workers).execute


def run_of(found: StoredEvolution, model: LoadedModel, database: Path, seconds: float) -> Run:
    """An evolution that has come to its end, as it stands in a database after so many seconds, for the record."""
    verdict, asked = found.verdict, found.asked
    assert verdict is not None
    winner = verdict.rated[0]
    prompt = Prompt(text=verdict.prompt, chat=asked.chat and model.has_chat_template) if verdict.prompt else None
    return Run(
        kind="evolution",
        genotypes=(";".join(filter(None, (asked.background, winner.genotype))),),
        prompt=prompt,
        decoding=asked.decoding if prompt else None,
        mutated=verdict.text or None,
        metrics={
            "tried": float(verdict.tried),
            "seconds": seconds,
            **({"held_out": winner.held_out[0]} if winner.held_out else {}),
            "searched": winner.search[0],
            "near_ties": float(verdict.near_ties),
        },
        detail={
            "title": asked.title,
            "targets": [target.name for target in asked.targets],
            "evolution": found.number,
            "database": str(database.absolute()),
            "seed": asked.seed,
        },
    )
