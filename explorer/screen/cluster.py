"""A screen on many devices and machines: Ray actors, one a device, that screen batches for the one who writes.

Each actor loads the model for itself and answers the experiment first: one whose baseline is not that of the screen is
refused. The batch of an actor that dies is screened again by its successor. Needs the extra `ray`; imports it, and
torch, when it is used.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from explorer.domain.errors import ClusterError, ExplorerError
from explorer.domain.placement import placement_of
from explorer.screen.order import Order
from explorer.screen.plan import Batch, Planned

if TYPE_CHECKING:
    from explorer.screen.worker import Screened, Worker

LOCAL = "local"
"""The address that means this machine alone."""

ANSWER_SECONDS = 5

DEATHS = 3
"""So many actors in a row may die without having screened anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an actor needs to make a screen ready."""

    order: Order
    precision: str
    """As `Specimen.precision` has it."""
    baseline_tokens: tuple[int, ...]
    """Of the machine that writes."""


class Actor:
    """One device of the cluster."""

    def __init__(self, recipe: Recipe) -> None:
        from explorer.model.loading import load_model
        from explorer.screen.job import job_of
        from explorer.screen.worker import Worker

        self._worker: Worker | None = None
        self._fault = ""
        try:
            self._worker = Worker(
                job_of(recipe.order, load_model(recipe.order.source, **placement_of(recipe.precision).given))
            )
        except ExplorerError as fault:
            self._fault = str(fault)
        else:
            if self._worker.asked.baseline_tokens != recipe.baseline_tokens:
                self._fault = (
                    "A machine of the cluster gives another standard output than this one, so its mutants could not "
                    "be compared: use machines of one kind, and float32 arithmetic."
                )

    def screen(self, items: Sequence[Planned]) -> Screened:
        """See `Worker.screen`. Raises ClusterError if this actor cannot take part."""
        if self._worker is None or self._fault:
            raise ClusterError(self._fault)
        return self._worker.screen(items)

    def process(self) -> int:
        """Its process id."""
        return os.getpid()


class Cluster:
    """Actors that screen batches, each one batch at a time."""

    def __init__(self, recipe: Recipe, count: int | None) -> None:
        import ray

        self._ray, self._recipe = ray, ray.put(recipe)
        devices = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self._gpus = 1 if devices.get("GPU", 0) else 0
        self.count = count or int(devices.get("GPU", 0)) or max(1, int(devices.get("CPU", 1)) // 2)
        self._actors = [self._start() for _ in range(self.count)]
        self.deaths = 0
        """Actors that have died so far."""

    def processes(self) -> list[int]:
        """Their process ids, on machines of their own."""
        found: list[int] = self._ray.get([actor.process.remote() for actor in self._actors])
        return found

    def execute(self, todo: Iterator[Batch]) -> Iterator[tuple[Batch, Screened]]:
        """The batches screened, in the order in which they come back. Raises ClusterError, and what an actor raises."""
        waiting: dict[Any, tuple[int, Batch]] = {}
        for place, batch in zip(range(self.count), todo, strict=False):
            waiting[self._give(place, batch)] = place, batch
        in_a_row = 0
        while waiting:
            (ready,), _ = self._ray.wait(list(waiting), num_returns=1)
            place, batch = waiting.pop(ready)
            try:
                screened: Screened = self._ray.get(ready)
            except self._ray.exceptions.RayTaskError as fault:
                if isinstance(fault.cause, ExplorerError):
                    raise ClusterError(str(fault.cause)) from fault
                raise
            except self._ray.exceptions.ActorDiedError as fault:
                in_a_row += 1
                self.deaths += 1
                if in_a_row > DEATHS:
                    raise ClusterError(
                        f"{in_a_row} workers in a row have died: see Ray's logs, and start the screen again; what it "
                        "has found is kept."
                    ) from fault
                self._actors[place] = self._start()
                waiting[self._give(place, batch)] = place, batch
                continue
            in_a_row = 0
            following = next(todo, None)
            if following is not None:
                waiting[self._give(place, following)] = place, following
            yield batch, screened

    def _start(self) -> Any:
        return self._ray.remote(Actor).options(num_cpus=1, num_gpus=self._gpus).remote(self._recipe)

    def _give(self, place: int, batch: Batch) -> Any:
        return self._actors[place].screen.remote(batch.items)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Ray, started on this machine or reached at an address. Raises ClusterError."""
    if find_spec("ray") is None:
        raise ClusterError("Ray is not installed: type  pip install 'mutation-explorer[ray]'  and try again.")
    _check_address(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    try:
        ray.init(
            address=None if address == LOCAL else address,
            include_dashboard=False if address == LOCAL else None,
            log_to_driver=False,
            configure_logging=False,
        )
    except (ConnectionError, OSError, ValueError, RuntimeError) as fault:
        raise ClusterError(_nobody(address)) from fault
    try:
        yield
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Ray itself waits for minutes where nobody listens. Raises ClusterError."""
    found = re.fullmatch(r"(?:ray://)?(?P<host>[^:/]+):(?P<port>[0-9]+)", address)
    if found is None:
        return
    try:
        socket.create_connection((found["host"], int(found["port"])), timeout=ANSWER_SECONDS).close()
    except (OSError, OverflowError) as fault:
        raise ClusterError(_nobody(address)) from fault


def _nobody(address: str) -> str:
    return f"No Ray cluster answers at {address}: start one with  ray start --head  first."
