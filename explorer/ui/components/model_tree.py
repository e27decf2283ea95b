"""The loaded model, drawn: layers with their parts to scale, foldable and searchable (assets/model_tree.js)."""

from explorer.ui.components.scripted import Scripted


class ModelTree(Scripted):
    """`value` is JSON text of `ui.explore.instruments.model_tree.tree_of`; a click sends `choose` with a `site`."""

    BLANK = ""
    TEMPLATE = '<div class="tree"></div>'
    HELPERS = ("elements.js",)
