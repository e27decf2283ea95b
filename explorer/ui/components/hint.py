"""A short hint for who is here for the first time (assets/hint.js)."""

from html import escape
from typing import Any

from explorer.ui.components.scripted import Scripted


class Hint(Scripted):
    """Shown in the first visit of a browser alone, until its cross is pressed or what it tells of is used."""

    def __init__(self, name: str, sentence: str, *, used: str, by: str = "click", **options: Any) -> None:
        """`used` selects the elements whose event `by` shows that the visitor has found them."""
        self.TEMPLATE = (
            f'<p class="hint" role="note" data-hint="{name}" data-used="{escape(used)}" data-by="{by}" hidden>'
            f'<span>{escape(sentence)}</span><button type="button" aria-label="Close this hint">×</button></p>'
        )
        super().__init__("", elem_classes="hint-block", **options)
