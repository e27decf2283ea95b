"""The browser's address, kept in step with the page (assets/address.js)."""

from typing import Any

from explorer.ui.components.scripted import Scripted


class Address(Scripted):
    """`value` is the query of the address, from `?` on, of the parameters that begin with `prefix`; nothing is shown.

    `?` alone takes them away.
    """

    def __init__(self, value: str = "", *, prefix: str = "", **options: Any) -> None:
        self.TEMPLATE = f'<span hidden data-prefix="{prefix}"></span>'
        super().__init__(value, **options)
