"""A plotly figure whose marks can be clicked (assets/figure_panel.js); plotly.js comes from plotly's own package."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.ui.components.scripted import Scripted

_FORMATS = {"png": "PNG", "svg": "SVG", "csv": "CSV", "parquet": "Parquet"}
_TEMPLATE = (
    '<div class="figure" tabindex="0" role="application" aria-roledescription="figure" '
    'aria-label="Figure: arrow keys go from mark to mark, Enter opens one, Page Down goes to the next part" '
    "hidden></div>"
    '<div class="figure-cursor" hidden></div><p class="figure-spoken unseen" aria-live="polite"></p>'
    '<p class="figure-takeaways" hidden>'
    + "".join(f'<button type="button" data-format="{name}">{label}</button>' for name, label in _FORMATS.items())
    + "</p>"
)


class FigurePanel(Scripted):
    """`value` is a figure as JSON text, "" for none.

    A click on a mark sends `mark_click` with x, y, customdata, axes (ids of its x and y axis) and the figure's
    `layout.meta`; a drag sends `zoom` with the edges x and y of what is to be seen ([low, high]; null: everything). A
    box or a loop that is drawn on a single map sends `encircle` with its corners x and y. A
    figure with `meta.view` is offered as a picture, and its data by `take` with the format (csv or parquet). All marks
    can be reached and clicked by keyboard.
    """

    BLANK = ""
    TEMPLATE = _TEMPLATE
    HELPERS = ("figure_keys.js",)

    def __init__(self, value: str = "", **options: Any) -> None:
        library = plotly_js()
        gr.set_static_paths([library])
        head = f'<script src="gradio_api/file={library}?v={version("plotly")}"></script>'
        super().__init__(value, head=head, **options)


def plotly_js() -> Path:
    """The one file of plotly.js, as plotly's own package brings it."""
    package = find_spec("plotly")  # found, not imported: importing plotly takes longer than the rest of the page
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
