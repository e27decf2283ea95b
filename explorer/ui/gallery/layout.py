"""The tab Gallery: everything that mutants of the stored screens say, to look through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.screened import USUAL
from explorer.ui.components.address import Address
from explorer.ui.components.card_grid import CardGrid
from explorer.ui.gallery.form import NAMES, PREFIX
from explorer.ui.gallery.words import SORT_NAMES


@dataclass(frozen=True, slots=True)
class GalleryTab:
    """The components."""

    controls: dict[str, Any]
    """By the names of `Controls`."""
    surprise: gr.Button
    clear: gr.Button
    notice: gr.HTML
    behind: gr.HTML
    """The mutant that was clicked last, if it cannot be run."""
    told: gr.HTML
    grid: CardGrid
    address: Address
    shown: gr.State
    """The controls as they were when the cards were drawn."""

    @property
    def asked(self) -> list[Any]:
        """What a page is made of."""
        return [self.controls[name] for name in NAMES]

    @property
    def drawn(self) -> list[Any]:
        """What `GalleryHandlers.draw` updates, in its order."""
        offered = [self.controls[name] for name in ("of", "styles", "kinds", "experiments", "operations")]
        return [self.shown, *offered, self.notice, self.told, self.grid, self.address]


def build() -> GalleryTab:
    """Lay the tab out."""
    controls: dict[str, Any] = {}
    with gr.Group(elem_classes="card filters"):
        with gr.Row(elem_classes="filter-row"):
            controls["of"] = gr.Dropdown(label="What mutants said in", choices=[], value=None, scale=4, min_width=260)
            controls["sort"] = gr.Dropdown(
                label="Sorted by",
                choices=[(name, key) for key, name in SORT_NAMES.items()],
                value="mutants-falling",
                scale=2,
                min_width=190,
            )
            controls["words"] = gr.Textbox(
                label="Words in the text", placeholder="ocean poem", max_lines=1, scale=3, min_width=180
            )
            surprise = gr.Button("Surprise me", variant="primary", size="md", min_width=120, scale=0)
        controls["styles"] = gr.CheckboxGroup(label="Styles (none: all)", choices=[], value=[], elem_classes="pills")
        with gr.Row(elem_classes="filter-row gallery-switches"):
            controls["grouped"] = gr.Checkbox(
                label="Group alike: one card for nearly equal texts", value=False, scale=0, min_width=290
            )
            clear = gr.Button("Clear filters", size="sm", min_width=100, scale=0, elem_classes="quiet")
        controls |= _build_more()
        notice = gr.HTML(apply_default_css=False)
    behind = gr.HTML(apply_default_css=False, elem_classes="gallery-behind")
    told = gr.HTML(
        '<p class="caption busy">Reading the screens …</p>', apply_default_css=False, elem_classes="gallery-told"
    )
    return GalleryTab(
        controls=controls,
        surprise=surprise,
        clear=clear,
        notice=notice,
        behind=behind,
        told=told,
        grid=CardGrid(elem_classes="gallery-cards"),
        address=Address(prefix=PREFIX),
        shown=gr.State(None),
    )


def _build_more() -> dict[str, Any]:
    """The filters that are asked for less often."""
    more: dict[str, Any] = {}
    with gr.Accordion("More filters", open=False, elem_classes="decoding"):
        with gr.Row(elem_classes="filter-row"):
            more["operations"] = gr.CheckboxGroup(
                label="Set to (none: all)", choices=list(USUAL), value=[], elem_classes="pills", min_width=190
            )
            more["kinds"] = gr.Dropdown(
                label="In kinds of matrix (none: all)", choices=[], value=[], multiselect=True, min_width=170
            )
            more["layers"] = gr.Textbox(label="In layers", placeholder="all; or 0-5, 11", max_lines=1, min_width=110)
            more["experiments"] = gr.Dropdown(
                label="Asked (none: all)", choices=[], value=[], multiselect=True, min_width=170
            )
            more["destroyed"] = gr.Radio(
                label="Destroyed (loops, gibberish, overflow)",
                choices=[("All", "all"), ("Only", "yes"), ("None", "no")],
                value="all",
                elem_classes="pills",
                min_width=190,
            )
        with gr.Row(elem_classes="filter-row"):
            for name, label in (
                ("least_cosine", "Cosine from"), ("most_cosine", "Cosine to"),
                ("least_perplexity", "Perplexity from"), ("most_perplexity", "Perplexity to"),
                ("least_mutants", "Shared by at least"), ("least_score", "Right answers, at least"),
            ):  # fmt: skip
                more[name] = gr.Textbox(label=label, placeholder="any", max_lines=1, min_width=110)
    return more
