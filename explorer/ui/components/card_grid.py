"""Phenotypes as cards (assets/card_grid.js)."""

from explorer.ui.components.scripted import Scripted


class CardGrid(Scripted):
    """`value` is one message of `ui.gallery.words` as JSON text: a page of cards, those of a group, or a surprise.

    A click sends `open` with the mark of a card, as figures do, `alike` with its group, and `more` with the place at
    which the next page starts.
    """

    BLANK = ""
    TEMPLATE = '<div class="gallery"></div>'
    HELPERS = ("elements.js",)
