"""What the page does when it opens and when another model is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from anyio import to_thread

from explorer.domain.errors import ExplorerError, NotationError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.files.settings import DEMO
from explorer.model.loaded import LoadedModel
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT, CHAT, RAW
from explorer.ui.explore.handlers import Handlers, cleared
from explorer.ui.explore.instruments import bench
from explorer.ui.explore.words import change_html
from explorer.ui.faults import told
from explorer.ui.links import Link, parse_link
from explorer.ui.model.words import header_html
from explorer.ui.runs import Runs
from explorer.workspace.loading import Loading
from explorer.workspace.workspace import Workspace

NO_MODEL = "There is no model to mutate yet."
OPENING_GENOTYPE = "11.down[507,1229]=0"
"""On the demo model: one weight of 134,515,008 that wrecks the answer."""


_OTHERS = 1 + ASKED_COUNT + DRAWN_COUNT + len(cleared()) + len(bench.cleared()) + 1
"""How many components are updated beside the header and the line above the texts."""


class Opening:
    """Loading models, and what is shown first of each."""

    def __init__(self, workspace: Workspace, handlers: Handlers, asked: Runs) -> None:
        """`asked` tells which of the models that a visitor asked for is the one that he waits for."""
        self._workspace = workspace
        self._handlers = handlers
        self._asked = asked

    async def open(self, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Say how loading goes, then show what the address asks for, or the first example."""
        try:
            link, fault = parse_link(dict(request.query_params)), ""
        except ExplorerError as wrong:
            link, fault = Link(), str(wrong)
        async for update in self._load(link.model or self._workspace.source, link, None, request, fault):
            yield update

    async def switch(self, exploration: Exploration, source: str, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Load another model and take the mutations along, if it has them; if that fails, keep the present one."""
        wanted = source.strip()
        present = self._workspace.models.peek(exploration.source)
        if not wanted:
            yield self._header(header_html(present, fault="Name a model first."))
            return
        text = format_genotype(exploration.genotype(present.anatomy)) if present else ""
        async for update in self._load(wanted, Link(genotype=text or None), present, request):
            yield update

    async def _load(
        self, source: str, link: Link, present: LoadedModel | None, request: gr.Request, fault: str = ""
    ) -> AsyncIterator[list[Any]]:
        visitor = request.session_hash or ""
        ticket = self._asked.begin(visitor)
        loading = self._workspace.models.load(source)
        async for update in self._wait(loading, present):
            if self._asked.is_overtaken(visitor, ticket):
                return
            yield update
        if self._asked.is_overtaken(visitor, ticket):
            return
        try:
            model = loading.wait()
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the page waits no longer
            yield self._header(header_html(present, fault=told(wrong)), "" if present else NO_MODEL)
            return
        yield await to_thread.run_sync(self._shown, source, model, link, request, fault)

    def _shown(self, source: str, model: LoadedModel, link: Link, request: gr.Request, fault: str) -> list[Any]:
        """What the page shows of a model that has just been loaded; a run is wanted."""
        opened = Exploration(source=source).with_genotype(_first_genotype(model, link.genotype), model.anatomy)
        opened = opened.pointed_at(opened.selection, model.anatomy)
        drawn = self._handlers.draw(opened)
        ticket = self._handlers.begin(request)
        anew = [*cleared(), *bench.cleared()]  # what was of another model, should the first run of this one fail
        return [header_html(model, fault=fault), gr.skip(), opened, *_asked(link, model), *drawn, *anew, ticket]

    async def _wait(self, loading: Loading, present: LoadedModel | None) -> AsyncIterator[list[Any]]:
        """How loading goes; whoever waits keeps no thread that others need."""
        said = ""
        while not loading.is_done:
            if loading.sentence != said:
                said = loading.sentence
                yield self._header(header_html(present, said))
            await asyncio.sleep(0.05)

    def _header(self, html: str, headline: str = "") -> list[Any]:
        """The header, and a headline of the texts if there is one: nothing else changes, and nothing runs."""
        return [html, change_html(headline) if headline else gr.skip(), *[gr.skip()] * _OTHERS]


def _asked(link: Link, model: LoadedModel) -> list[Any]:
    """Updates of prompt and decoding: what the link says, and chats only where the model takes them."""
    is_chat = model.has_chat_template if link.chat is None else link.chat and model.has_chat_template
    said = [link.prompt, CHAT if is_chat else RAW, link.max_new_tokens, link.temperature, link.top_p, link.seed]
    return [gr.skip() if value is None else value for value in said]


def _first_genotype(model: LoadedModel, text: str | None) -> Genotype:
    """The genotype of a text, if the model has it; else an example that shows an effect."""
    try:
        return model.anatomy.read(_example(model) if text is None else text)
    except NotationError:
        return model.anatomy.read(_example(model))


def _example(model: LoadedModel) -> str:
    """Known for the demo model; a layer's MLP for others."""
    if model.source == DEMO:
        return OPENING_GENOTYPE
    if model.anatomy.family is None:
        return ""
    return f"{model.anatomy.layer_count // 2}.mlp*0"
