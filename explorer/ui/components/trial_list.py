"""Trials as rows or as cards, each a click from being set again (assets/trial_list.js)."""

from typing import Any

from explorer.ui.components.scripted import Scripted


class TrialList(Scripted):
    """`value` is a list of `ui.explore.trials.row_of` as JSON text.

    A click sends `choose` with the place in the list, the pin of a row sends `pin`, the cross of a card `unpin`.
    """

    TEMPLATE = '<div class="trials"></div>'
    HELPERS = ("elements.js",)

    def __init__(self, value: str = "", *, as_cards: bool = False, **options: Any) -> None:
        super().__init__(value, as_cards=as_cards, **options)
