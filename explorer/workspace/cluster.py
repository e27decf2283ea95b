"""Screens and evolutions on many devices and machines: Ray actors, one a device, that work for the one who writes.

Each actor loads the model for itself and answers first what is asked: one whose answer is not that of the machine that
writes is refused. The work of an actor that dies is done again by its successor. Needs the extra `ray`; imports it, and
torch, when it is used.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Protocol, TypeVar

from explorer.domain.errors import ClusterError, ExplorerError

LOCAL = "local"
"""The address that means this machine alone."""

ANSWER_SECONDS = 5

DEATHS = 3
"""So many actors in a row may die without having done anything."""


class Recipe(Protocol):
    """What an actor needs to make itself ready."""

    def make(self) -> Callable[[Any], Any]:
        """What does a piece of work. Raises ExplorerError if the machine cannot take part."""
        ...


class Actor:
    """One device of the cluster."""

    def __init__(self, recipe: Recipe) -> None:
        self._work: Callable[[Any], Any] | None = None
        self._fault = ""
        try:
            self._work = recipe.make()
        except ExplorerError as fault:
            self._fault = str(fault)

    def work(self, task: Any) -> Any:
        """Do a piece of work. Raises ClusterError if this actor cannot take part."""
        if self._work is None:
            raise ClusterError(self._fault)
        return self._work(task)

    def process(self) -> int:
        """Its process id."""
        return os.getpid()


Task = TypeVar("Task")


class Cluster:
    """Actors that work, each on one task at a time."""

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

    def execute(self, todo: Iterator[Task]) -> Iterator[tuple[Task, Any]]:
        """Each task with what was done, in the order in which they come back.

        Raises ClusterError, and what an actor raises.
        """
        waiting: dict[Any, tuple[int, Task]] = {}
        for place, task in zip(range(self.count), todo, strict=False):
            waiting[self._give(place, task)] = place, task
        in_a_row = 0
        while waiting:
            (ready,), _ = self._ray.wait(list(waiting), num_returns=1)
            place, task = waiting.pop(ready)
            try:
                done = self._ray.get(ready)
            except self._ray.exceptions.RayTaskError as fault:
                if isinstance(fault.cause, ExplorerError):
                    raise ClusterError(str(fault.cause)) from fault
                raise
            except self._ray.exceptions.ActorDiedError as fault:
                in_a_row += 1
                self.deaths += 1
                if in_a_row > DEATHS:
                    raise ClusterError(
                        f"{in_a_row} workers in a row have died: see Ray's logs, and start again; what was found is "
                        "kept."
                    ) from fault
                self._actors[place] = self._start()
                waiting[self._give(place, task)] = place, task
                continue
            in_a_row = 0
            following = next(todo, None)
            if following is not None:
                waiting[self._give(place, following)] = place, following
            yield task, done

    def _start(self) -> Any:
        return self._ray.remote(Actor).options(num_cpus=1, num_gpus=self._gpus).remote(self._recipe)

    def _give(self, place: int, task: Any) -> Any:
        return self._actors[place].work.remote(task)


@contextmanager
def reached(address: str | None) -> Iterator[bool]:
    """As `connected`, if an address is named; whether one is."""
    if address is None:
        yield False
        return
    with connected(address):
        yield True


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
