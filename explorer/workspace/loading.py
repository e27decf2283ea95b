"""A model on its way into memory: what is being done, and the model once it is there. Imports no torch."""

from __future__ import annotations

import threading
from collections.abc import Callable

from explorer.model.loaded import LoadedModel


class Loading:
    """A model on its way into memory, in a thread of its own."""

    def __init__(self, load: Callable[[Callable[[str], None], threading.Event], LoadedModel]) -> None:
        """`load` tells what it does, and ends a download when the event is set."""
        self.sentence = "Starting …"
        """What is being done."""
        self.fault: BaseException | None = None
        """Why it failed."""
        self.model: LoadedModel | None = None
        """The model, once it is there."""
        self._load, self._stop = load, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether it has ended, well or badly."""
        return not self._thread.is_alive()

    def when_done(self, tell: Callable[[], None]) -> None:
        """Call `tell`, from another thread, when loading has ended."""

        def wait_and_tell() -> None:
            self._thread.join()
            tell()

        threading.Thread(target=wait_and_tell, daemon=True).start()

    def cancel(self) -> None:
        """End it if it is a download; what is there of it is kept."""
        self._stop.set()

    def wait(self) -> LoadedModel:
        """The model, when it is there. Raises ModelError, or what else kept it from loading."""
        self._thread.join()
        if self.fault is not None:
            raise self.fault
        assert self.model is not None
        return self.model

    def _run(self) -> None:
        try:
            self.model = self._load(self._say, self._stop)
        except BaseException as fault:  # noqa: BLE001  # raised again, in the thread that waits
            self.fault = fault

    def _say(self, sentence: str) -> None:
        self.sentence = sentence
