"""One thread, in which what people wait for goes first."""

import threading
import time

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
