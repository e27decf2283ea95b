"""A plotly figure whose marks can be clicked (assets/figure.js); plotly.js comes from plotly's own package."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.ui.theme import script

_FORMATS = {"png": "PNG", "svg": "SVG", "csv": "CSV", "parquet": "Parquet"}
_TEMPLATE = (
    '<div class="figure" hidden></div><p class="figure-takeaways" hidden>'
    + "".join(f'<button type="button" data-format="{name}">{label}</button>' for name, label in _FORMATS.items())
    + "</p>"
)


class FigurePanel(gr.HTML):
    """`value` is a figure as JSON text, "" for none.

    A click on a mark sends `mark_click` with x, y, customdata, axes (ids of its x and y axis) and the figure's
    `layout.meta`; a drag sends `zoom` with the edges x and y of what is to be seen ([low, high]; null: everything). A
    figure with `meta.view` is offered as a picture, and its data by `take` with the format (csv or parquet).
    """

    def __init__(self, value: str = "", **options: Any) -> None:
        library = _plotly_js()
        gr.set_static_paths([library])
        super().__init__(
            value,
            html_template=_TEMPLATE,
            js_on_load=script("figure.js"),
            head=f'<script src="gradio_api/file={library}?v={version("plotly")}"></script>',
            apply_default_css=False,
            **options,
        )


def _plotly_js() -> Path:
    package = find_spec("plotly")  # found, not imported: importing plotly takes longer than the rest of the page
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
