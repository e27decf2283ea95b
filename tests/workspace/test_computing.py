"""One thread, in which what people wait for goes first."""

import threading
import time
from collections.abc import Generator

import pytest

from explorer.workspace.computing import Computing


def test_everything_is_called_in_one_thread() -> None:
    computing = Computing()
    names = {computing.run(lambda: threading.current_thread().name) for _ in range(3)}
    assert names == {"computing"}
    assert computing.run_behind(lambda: threading.current_thread().name) == "computing"
    assert computing.run(lambda: computing.run(lambda: 3)) == 3  # what computes may ask for more


def test_a_fault_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        Computing().run(lambda: 1 / 0)


def test_a_stream_is_computed_and_closed_in_that_thread_even_if_nobody_listens_to_its_end() -> None:
    names = list[str]()

    def steps() -> Generator[int, None, None]:
        try:
            for step in range(3):
                names.append(threading.current_thread().name)
                yield step
        finally:
            names.append(f"closed in {threading.current_thread().name}")

    assert list(Computing().stream(steps())) == [0, 1, 2]
    assert names == ["computing"] * 3 + ["closed in computing"]
    names.clear()
    for _ in (stream := Computing().stream(steps())):
        break
    stream.close()
    assert names == ["computing", "closed in computing"]


def test_a_stream_behind_is_computed_in_that_thread_and_ends_with_its_last_step_alone() -> None:
    def steps() -> Generator[list[str] | None, None, None]:
        yield [threading.current_thread().name]
        yield []
        yield None
        yield ["last"]

    assert list(Computing().stream_behind(steps())) == [["computing"], [], None, ["last"]]


def test_work_behind_lets_others_through_between_its_steps() -> None:
    computing, began, told = Computing(), threading.Event(), list[str]()

    def behind() -> None:
        began.set()
        while "front" not in told:
            computing.breathe()
            time.sleep(0.001)
        told.append("behind")

    thread = threading.Thread(target=computing.run_behind, args=(behind,))
    thread.start()
    began.wait()
    computing.run(told.append, "front")
    computing.run(told.append, "again")  # asked for within the time that it waits
    thread.join()
    assert told == ["front", "again", "behind"]


def test_to_breathe_elsewhere_is_nothing() -> None:
    computing = Computing()
    computing.breathe()
    assert computing.run(lambda: 1) == 1
