"""What nobody foresaw becomes a notice on the page, with a number that the log repeats; nothing stale stays beside it.

Faults that users can mend are `ExplorerError`s, and end where their tab tells them. All others end here.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
import time
import traceback
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.ui.components.fault_notice import FaultNotice
from explorer.ui.components.scripted import Scripted

_LOG = logging.getLogger("explorer")


class Page(gr.Blocks):
    """A page on which no event ends in silence, and each visitor's clicks are done in the order in which they came.

    In that order are the events that wait in no queue: each reads what the one before has left, and whoever clicks fast
    sees the last. Nobody waits for another visitor's.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def process_api(self, block_fn: Any, *arguments: Any, **keywords: Any) -> dict[str, Any]:
        """As gradio does it. Raises gr.Error, which the page shows, for whatever goes wrong."""
        session = keywords.get("session_hash") or ""
        in_turn = session and not block_fn.queue and block_fn.api_visibility == "private"
        turn = self._turns.setdefault(session, asyncio.Lock()) if in_turn else contextlib.nullcontext()
        try:
            async with turn:
                return await super().process_api(block_fn, *arguments, **keywords)
        except gr.Error:
            raise
        except Exception as fault:
            raise gr.Error(logged(fault), duration=None, print_exception=False) from fault


def told(fault: Exception) -> str:
    """What is said of a fault: its own sentence, if it is one that users can mend."""
    return str(fault) if isinstance(fault, ExplorerError) else logged(fault)


def logged(fault: Exception) -> str:
    """Log a fault that nobody foresaw; what is said of it on the page.

    The number stands for the place in the code: the same fault has the same number.
    """
    place = "".join(traceback.format_tb(fault.__traceback__)) + type(fault).__name__
    moment = time.strftime("%H:%M:%S")
    number = f"{zlib.crc32(place.encode()) & 0xFFFF:04x}"
    _LOG.error("Fault %s at %s", number, moment, exc_info=fault)
    return f"An unexpected fault, number {number} at {moment}; details are in the terminal, please report it."


def guard(page: gr.Blocks, notice: FaultNotice, kept: Collection[Any] = ()) -> None:
    """Have each event of a page tell the faults of its handler in `notice`, and clear what the event was to draw.

    Controls and the session's state stay, and so do the components `kept`, which show that state. To be called when all
    events are wired; those for programs, and that of a page that is closed, are left alone.
    """
    names = {component._id for component in kept}  # gradio's name of a component
    for event in page.fns.values():
        is_seen = all(kind != "unload" for _, kind in event.targets)
        if event.fn is None or event.api_visibility != "private" or not is_seen:
            continue
        event.fn = _guarded(event.fn, [None if output._id in names else output for output in event.outputs])
        event.outputs = [*event.outputs, notice]


def blank(component: Any) -> Any:
    """The update that clears a component of what it shows; one that shows no result stays as it is."""
    if isinstance(component, Scripted):
        return component.cleared()
    return "" if isinstance(component, gr.HTML) else gr.skip()


def _guarded(handler: Callable[..., Any], outputs: list[Any]) -> Callable[..., Any]:
    """A handler with one more output, the notice; where it fails, `outputs` are cleared, but for those of None."""

    def sent(values: list[Any]) -> Any:
        return values if outputs else values[0]  # gradio takes a list for the value of a single output

    def failed(fault: Exception) -> Any:
        return sent([*map(blank, outputs), logged(fault)])

    def answered(result: Any) -> Any:
        own = list(result) if len(outputs) > 1 else [result] * len(outputs)
        return sent([*own, gr.skip()])

    if inspect.isasyncgenfunction(handler):

        @functools.wraps(handler)
        async def waiting(*arguments: Any, **keywords: Any) -> AsyncIterator[Any]:
            try:
                async for result in handler(*arguments, **keywords):
                    yield answered(result)
            except Exception as fault:  # noqa: BLE001  # whatever it is
                yield failed(fault)

        return waiting

    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def streaming(*arguments: Any, **keywords: Any) -> Iterator[Any]:
            try:
                for result in handler(*arguments, **keywords):
                    yield answered(result)
            except Exception as fault:  # noqa: BLE001  # whatever it is
                yield failed(fault)

        return streaming

    @functools.wraps(handler)
    def answering(*arguments: Any, **keywords: Any) -> Any:
        try:
            return answered(handler(*arguments, **keywords))
        except Exception as fault:  # noqa: BLE001  # whatever it is
            return failed(fault)

    return answering
