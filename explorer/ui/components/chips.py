"""The genotype as chips that can be taken away one by one (assets/chips.js)."""

from typing import Any

from explorer.ui.components.scripted import Scripted


class Chips(Scripted):
    """`value` is the genotype's text; the cross of a chip sends `remove` with its index."""

    TEMPLATE = '<div class="chips"></div>'

    def __init__(self, value: str = "", *, has_current: bool = False, **options: Any) -> None:
        super().__init__(value, has_current=has_current, **options)
        self.has_current = has_current
