"""Which of a visitor's runs is the one that counts."""

from __future__ import annotations

import itertools


class Runs:
    """Tickets for runs: of each visitor's, only the newest counts, is run once, and can be stopped.

    An event that wants a run begins one, and its answer takes the ticket to the page together with what the controls
    are to show. The run that follows claims it by that ticket: so it asks what belongs to its own click, and the run
    of a click that another has overtaken is none.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._newest: dict[str, int] = {}
        self._waiting: dict[str, int] = {}
        self._stopped: set[int] = set()

    def __deepcopy__(self, _memo: object) -> Runs:
        """The tickets themselves, as with `Workspace`."""
        return self

    def begin(self, visitor: str) -> int:
        """Want a new run, and get its ticket; the visitor's older runs stop within one token."""
        self.forget(visitor)
        self._newest[visitor] = self._waiting[visitor] = ticket = next(self._numbers)
        return ticket

    def newest(self, visitor: str) -> int:
        """The ticket of the visitor's newest run; 0 if there is none."""
        return self._newest.get(visitor, 0)

    def claim(self, visitor: str, ticket: float | None = None) -> int | None:
        """The ticket of the run that the visitor waits for, once; None if it is not the one that is asked for."""
        waiting = self._waiting.get(visitor)
        return self._waiting.pop(visitor, None) if ticket in (None, waiting) else None

    def stop(self, visitor: str) -> None:
        """Stop the visitor's run."""
        if visitor in self._newest:
            self._stopped.add(self._newest[visitor])

    def is_over(self, visitor: str, ticket: int) -> bool:
        """Whether a run has been stopped or overtaken."""
        return ticket in self._stopped or self.is_overtaken(visitor, ticket)

    def is_overtaken(self, visitor: str, ticket: int) -> bool:
        """Whether a newer run of the visitor has begun, or he has left."""
        return self._newest.get(visitor) != ticket

    def forget(self, visitor: str) -> None:
        """Whatever the visitor ran stops, as when he has closed the page."""
        self._waiting.pop(visitor, None)
        self._stopped.discard(self._newest.pop(visitor, 0))
