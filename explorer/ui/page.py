"""The page, as a table of contents: header, tabs, and what happens when it opens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.errors import ExplorerError
from explorer.settings import DEMO
from explorer.ui.session import Exploration, Runs
from explorer.ui.summary import header_html
from explorer.ui.tabs import explore, guide
from explorer.ui.theme import script

if TYPE_CHECKING:
    from explorer.model.loaded import LoadedModel
    from explorer.workspace import Loading, Workspace

OPENING_GENOTYPE = "11.down[507,1229]=0"
"""On the demo model: one weight of 134,515,008 that wrecks the answer."""


def build_page(workspace: Workspace) -> gr.Blocks:
    """The whole page; no model needs to be loaded yet."""
    runs = Runs()
    page: gr.Blocks = gr.Blocks(title="Mutation Explorer", analytics_enabled=False, fill_width=True)
    with page:
        header = gr.HTML(header_html(None, "Starting …"), apply_default_css=False, js_on_load=script("header.js"))
        with gr.Tab("Explore"):
            tab = explore.build(workspace)
        with gr.Tab("Guide"):
            guide.build()
        source, load = _build_model_picker(workspace)

        explore.wire(tab, workspace, runs)
        opening = Opening(workspace, explore.Handlers(workspace, runs))
        outputs = [header, tab.exploration, tab.ticket, tab.mode, *tab.drawn]
        run = explore.run_arguments(tab, opening.handlers)
        page.load(opening.open, None, outputs, show_progress="hidden", api_visibility="private").then(**run)
        gr.on(
            [load.click, source.submit],
            opening.switch,
            [tab.exploration, source],
            outputs,
            show_progress="hidden",
            api_visibility="private",
        ).then(**run)

        def leave(request: gr.Request) -> None:
            runs.forget(request.session_hash or "")

        page.unload(leave)
    return page


def _build_model_picker(workspace: Workspace) -> tuple[gr.Textbox, gr.Button]:
    with gr.Accordion("Use another model", open=False, elem_classes="card model-picker"), gr.Row():
        source = gr.Textbox(
            label="Model: demo, a folder, a .gguf file or a hub id",
            value=workspace.source,
            scale=4,
            elem_classes="mono",
        )
        load = gr.Button("Load", variant="primary", scale=1, min_width=90)
    return source, load


class Opening:
    """What happens when the page opens and when another model is asked for."""

    def __init__(self, workspace: Workspace, handlers: explore.Handlers) -> None:
        self.handlers = handlers
        self._workspace = workspace

    def open(self, request: gr.Request) -> Iterator[list[Any]]:
        """Say how loading goes, then show the first example."""
        exploration = Exploration(source=self._workspace.source)
        yield from self._load(exploration, None, request)

    def switch(self, exploration: Exploration, source: str, request: gr.Request) -> Iterator[list[Any]]:
        """Load another model; if that fails, keep the present one."""
        wanted = source.strip()
        present = self._workspace.load(exploration.source).model
        if not wanted:
            yield self._header(header_html(present, fault="Name a model first."))
            return
        yield from self._load(replace(exploration, source=wanted), present, request)

    def _load(self, exploration: Exploration, present: LoadedModel | None, request: gr.Request) -> Iterator[list[Any]]:
        loading = self._workspace.load(exploration.source)
        yield from self._wait(loading, present)
        try:
            model = loading.wait()
        except ExplorerError as fault:
            yield self._header(header_html(present, fault=str(fault)))
            return
        genotype = model.anatomy.read(_opening_genotype(model))
        opened = Exploration(source=exploration.source).with_genotype(genotype, model.anatomy)
        mode = explore.CHAT if model.has_chat_template else explore.RAW
        ticket = self.handlers.begin(request)
        yield [header_html(model), opened, ticket, mode, *self.handlers.draw(opened)]

    def _wait(self, loading: Loading, present: LoadedModel | None) -> Iterator[list[Any]]:
        said = ""
        while not loading.is_done:
            if loading.sentence != said:
                said = loading.sentence
                yield self._header(header_html(present, said))
            time.sleep(0.05)

    def _header(self, html: str) -> list[Any]:
        return [html, *[gr.skip()] * (3 + explore.DRAWN_COUNT)]


def _opening_genotype(model: LoadedModel) -> str:
    """An example that shows an effect: known for the demo model, a layer's MLP for others."""
    if model.source == DEMO:
        return OPENING_GENOTYPE
    if model.anatomy.family is None:
        return ""
    return f"{model.anatomy.layer_count // 2}.mlp*0"
