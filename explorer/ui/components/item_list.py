"""The items of a comparison, each with two texts (assets/item_list.js)."""

from explorer.ui.components.scripted import Scripted


class ItemList(Scripted):
    """`value` is a page of `ui.compare.words.items_json`; a click on a text sends `choose` with item and genotype."""

    BLANK = ""
    TEMPLATE = '<div class="items"></div>'
    HELPERS = ("elements.js",)
