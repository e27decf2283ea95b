"""Screens in a queue: one at a time, paused, gone on with, stopped, failed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError, StoreError
from explorer.domain.experiments import Experiment
from explorer.screen.order import Order, Progress
from explorer.screen.plan import Plan
from explorer.workspace.queue import Queue, State
from explorer.workspace.screens import RunningScreen

LENGTH = 5


def _order(name: str) -> Order:
    prompt = Prompt(text="w1", chat=False)
    experiment = Experiment(name=name, title=name, prompt=prompt, decoding=Decoding(), purpose="")
    return Order(source="tiny", experiment=experiment, plan=Plan(matrices="*.q"), background="", mode="text")


class _Screens:
    """Stands for screens whose batches come when the test lets them."""

    def __init__(self) -> None:
        self.steps = threading.Semaphore(0)
        self.running: list[str] = []
        self.most_at_once = 0

    @contextmanager
    def start(self, order: Order) -> Iterator[RunningScreen]:
        if order.experiment.name == "locked":
            raise StoreError("The database is in use.")
        if order.experiment.name == "broken":
            raise ZeroDivisionError("by nothing")
        self.running.append(order.experiment.name)
        self.most_at_once = max(self.most_at_once, len(self.running))
        yield RunningScreen(total=LENGTH, matrices=1, estimate=lambda: 1.0, progress=self._progress(), report=dict)
        self.running.remove(order.experiment.name)

    def _progress(self) -> Iterator[Progress]:
        for done in range(1, LENGTH + 1):
            self.steps.acquire()
            yield Progress(
                screen=1, done=done, total=LENGTH, per_second=1, seconds_left=0, nonsilent=0, near_ties=0,
                failed_controls=0,
            )  # fmt: skip


def _state(queue: Queue, number: int) -> State:
    return next(entry.state for entry in queue.entries(Order) if entry.number == number)


def _done(queue: Queue, number: int) -> int:
    progress = next(entry.progress for entry in queue.entries(Order) if entry.number == number)
    return progress.done if progress else 0


def _wait(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.005)
    raise AssertionError("it never came to that")


def test_one_screen_runs_at_a_time_and_the_others_wait() -> None:
    screens = _Screens()
    queue = Queue(screens.start)
    first, second = queue.add(_order("a")).number, queue.add(_order("b")).number
    _wait(lambda: _state(queue, first) == "running")
    assert _state(queue, second) == "waiting"
    with pytest.raises(ExplorerError, match="in the queue already"):
        queue.add(_order("b"))
    screens.steps.release(2 * LENGTH)
    _wait(lambda: _state(queue, second) == "done")
    assert (_state(queue, first), _done(queue, first), screens.most_at_once) == ("done", LENGTH, 1)
    third = queue.add(_order("b")).number  # the thread has ended, and starts again
    screens.steps.release(LENGTH)
    _wait(lambda: _state(queue, third) == "done")
    assert [entry.number for entry in queue.entries(Order)] == [third, second, first]


def test_a_screen_rests_and_goes_on() -> None:
    screens = _Screens()
    queue = Queue(screens.start)
    number = queue.add(_order("a")).number
    screens.steps.release()
    _wait(lambda: _done(queue, number) == 1)
    queue.pause(number)
    screens.steps.release(LENGTH)
    _wait(lambda: _done(queue, number) == 2)  # the batch that it was at
    time.sleep(0.05)
    assert (_state(queue, number), _done(queue, number)) == ("paused", 2)
    queue.resume(number)
    _wait(lambda: _state(queue, number) == "done")


def test_a_stopped_screen_leaves_the_place_to_the_next() -> None:
    screens = _Screens()
    queue = Queue(screens.start)
    first, second, third = (queue.add(_order(name)).number for name in ("a", "b", "c"))
    _wait(lambda: _state(queue, first) == "running")
    queue.stop(second)
    queue.pause(first)
    queue.stop(first)
    screens.steps.release(LENGTH + 1)
    _wait(lambda: _state(queue, third) == "done")
    assert [_state(queue, number) for number in (first, second)] == ["stopped", "stopped"]
    queue.resume(first)  # too late: nothing happens
    assert _state(queue, first) == "stopped"


@pytest.mark.parametrize(("name", "words"), [("locked", "is in use"), ("broken", "what it had found is kept")])
def test_a_fault_is_told_and_the_queue_goes_on(name: str, words: str) -> None:
    screens = _Screens()
    queue = Queue(screens.start)
    failing, next_one = queue.add(_order(name)).number, queue.add(_order("a")).number
    screens.steps.release(LENGTH)
    _wait(lambda: _state(queue, next_one) == "done")
    (failed,) = [entry for entry in queue.entries(Order) if entry.number == failing]
    assert failed.state == "failed"
    assert words in failed.fault
