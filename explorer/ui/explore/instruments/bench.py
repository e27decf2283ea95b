"""The instruments below the texts, by the name of their tab; each is a file with a `build` and a `wire`.

What one shows of a model are its `results`, and `CLEARED` what they show of one that nothing was measured of.
"""

from typing import Any

import gradio as gr

from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments import (
    damage,
    donors,
    heads,
    matrix_map,
    model_tree,
    search,
    spread,
    together,
    tried,
)
from explorer.ui.explore.layout import ExploreTab

INSTRUMENTS: dict[str, Any] = {
    "Map": matrix_map,
    "Model": model_tree,
    "Search": search,
    "Heads": heads,
    "Damage": damage,
    "Donors": donors,
    "Spread": spread,
    "Together": together,
    "Tried": tried,
}


def build() -> list[Any]:
    """Lay them out; the components of each, in their order."""
    built = []
    with gr.Tabs(elem_classes="card instruments"):
        for name, instrument in INSTRUMENTS.items():
            with gr.Tab(name):
                built.append(instrument.build())
    return built


def results(built: list[Any]) -> list[Any]:
    """The components that show what was measured of one model."""
    return [component for parts in built for component in parts.results]


def cleared() -> list[Any]:
    """Updates of `results` for a model of which nothing has been measured."""
    return [update for instrument in INSTRUMENTS.values() for update in instrument.CLEARED]


def wire(built: list[Any], tab: ExploreTab, handlers: Handlers) -> None:
    """Connect them."""
    for instrument, parts in zip(INSTRUMENTS.values(), built, strict=True):
        instrument.wire(parts, tab, handlers)
