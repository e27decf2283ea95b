"""The browser's address, kept in step with the page (assets/address.js)."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from explorer.ui.components.scripted import Scripted
from explorer.ui.events import QUIETLY
from explorer.ui.links import parse_query


class Address(Scripted):
    """`value` is the query of the address, from `?` on, of the parameters that begin with `prefix`; nothing is shown.

    `?` alone takes them away. The one without a prefix sends `travel` with the query when the visitor goes back or
    forward.
    """

    def __init__(self, value: str = "", *, prefix: str = "", **options: Any) -> None:
        self.TEMPLATE = f'<span hidden data-prefix="{prefix}"></span>'
        super().__init__(value, **options)

    def opens(self, page_load: Any, read: Callable[[Mapping[str, str]], list[Any]], outputs: list[Any]) -> None:
        """Have `read` show what the address says: as the page opens, and as the visitor goes back or forward."""

        def arrive(request: gr.Request) -> list[Any]:
            return read(dict(request.query_params))

        def travel(event: gr.EventData) -> list[Any]:
            return read(parse_query(str(event.query)))

        page_load(arrive, None, outputs, **QUIETLY)
        self.travel(travel, None, outputs, **QUIETLY)
