"""Which event of the console calls what."""

from __future__ import annotations

import functools
from typing import Any

from explorer.ui.components.address import Address
from explorer.ui.components.saver import Saver
from explorer.ui.events import LATEST, QUEUED, QUIETLY
from explorer.ui.statistics.console.handlers import ConsoleHandlers
from explorer.ui.statistics.console.layout import Console


def wire(console: Console, opened: Any, address: Address, saver: Saver, own: ConsoleHandlers) -> None:
    """Connect the events; `opened` is that of the console being looked at, `address` and `saver` are the tab's."""
    opened(own.look, console.shelf, console.schema, **QUIETLY)
    console.shelf.input(own.look, console.shelf, console.schema, **QUIETLY | LATEST)
    console.examples.input(lambda query: query, console.examples, console.query, **QUIETLY)
    for event in (console.run.click, console.query.submit):
        event(own.begin, None, None, **QUIETLY).then(
            own.ask,
            console.asked,
            [*console.answered, address],
            concurrency_id="console",
            concurrency_limit=2,
            **QUEUED,
        )
    console.stop.click(own.stop, None, None, **QUIETLY)
    for kind, button in (("csv", console.csv), ("parquet", console.parquet)):
        button.click(
            functools.partial(own.download, kind=kind), console.asked, [saver, console.notice],
            concurrency_id="console", **QUEUED,
        )  # fmt: skip
