"""What the page does when it opens and when another model is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import gradio as gr
from anyio import to_thread

from explorer.domain.errors import NotationError, SettingsError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.files.models import known_models
from explorer.files.settings import DEMO
from explorer.model.loaded import LoadedModel
from explorer.ui.explore.drawing import DRAWN_COUNT, PRESETS_PLACE
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import (
    ASKED_COUNT,
    CHAT,
    OPENING_PROMPT,
    OPENING_TOKENS,
    RAW,
    Question,
    fill_in_decoding,
    fill_in_extras,
)
from explorer.ui.explore.handlers import Handlers, cleared
from explorer.ui.explore.instruments import bench
from explorer.ui.explore.words import change_html
from explorer.ui.faults import told
from explorer.ui.links import PREFIXES, Link, Said, parse_query, read_link
from explorer.ui.model.words import header_html
from explorer.ui.runs import Runs
from explorer.ui.words import notice_html
from explorer.workspace.loading import Loading
from explorer.workspace.workspace import Workspace

NO_MODEL = "There is no model to mutate yet."
OPENING_GENOTYPE = "11.down[507,1229]=0"
"""On the demo model: one weight of 134,515,008 that wrecks the answer."""


_OTHERS = 1 + ASKED_COUNT + DRAWN_COUNT + len(cleared()) + len(bench.cleared()) + 2
"""How many components are updated beside the header and the line above the texts."""


class Opening:
    """Loading models, and what is shown first of each."""

    def __init__(self, workspace: Workspace, handlers: Handlers, asked: Runs) -> None:
        """`asked` tells which of the models that a visitor asked for is the one that he waits for."""
        self._workspace = workspace
        self._handlers = handlers
        self._asked = asked
        self._waited_for: dict[str, str] = {}
        """The model that each visitor asked for last."""

    async def open(self, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Say how loading goes, then show what the address asks for, or the first example."""
        async for update in self._follow(dict(request.query_params), None, request, may_begin=True):
            yield update

    async def travel(
        self, exploration: Exploration, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[list[Any]]:
        """The visitor went back or forward: show what the address asks for now."""
        parameters = parse_query(str(event.query))
        present = self._workspace.models.peek(exploration.source)
        is_of_a_tab = any(name.startswith(PREFIXES) for name in parameters)
        async for update in self._follow(parameters, present, request):
            yield update if is_of_a_tab else [*update[:-1], gr.Tabs(selected="explore")]

    async def switch(self, exploration: Exploration, source: str, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Load another model and take the mutations along, if it has them; if that fails, keep the present one."""
        wanted = source.strip()
        present = self._workspace.models.peek(exploration.source)
        if not wanted:
            yield self._header(header_html(present, fault="Name a model first."))
            return
        text = format_genotype(exploration.genotype(present.anatomy)) if present else ""
        async for update in self._load(wanted, Link(genotype=text or None), Said({}), present, request):
            yield update

    def known(self) -> dict[str, Any]:
        """Models to choose from, as they are now."""
        try:
            found = known_models(self._workspace.settings)
        except SettingsError as fault:
            return gr.update(choices=[], value=None, info=str(fault))
        return gr.update(choices=[(model.label, model.source) for model in found], value=None)

    def cancel(self, request: gr.Request) -> None:
        """End the download that the visitor waits for, if it is one; the header tells what came of it."""
        self._workspace.models.cancel(self._waited_for.get(request.session_hash or "", ""))

    async def _follow(
        self,
        parameters: Mapping[str, str],
        present: LoadedModel | None,
        request: gr.Request,
        *,
        may_begin: bool = False,
    ) -> AsyncIterator[list[Any]]:
        """Show what an address says; where its model cannot be loaded, the page's own.

        `may_begin`: where it says nothing, the programme begins, if there is one.
        """
        said = Said(parameters)
        link = read_link(said)
        if may_begin:
            link = beginning(self._workspace, link)
        updates = self._load(link.model or self._workspace.source, link, said, present, request)
        async for update in updates:
            yield update

    async def _load(
        self, source: str, link: Link, said: Said, present: LoadedModel | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        visitor = request.session_hash or ""
        ticket = self._asked.begin(visitor)
        self._waited_for[visitor] = source
        loading = self._workspace.models.load(source)
        async for update in self._wait(loading, present):
            if self._asked.is_overtaken(visitor, ticket):
                break
            yield update
        if self._asked.is_overtaken(visitor, ticket):
            yield _nothing()
            return
        try:
            model = loading.wait()
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the page waits no longer
            if link.model is None or link.model == self._workspace.source:
                yield self._header(header_html(present, fault=told(wrong)), "" if present else NO_MODEL)
                return
            said.note(f"{told(wrong)} The page's own model and example are shown instead.")
            rest = replace(link, model=None, genotype=None)
            async for update in self._load(self._workspace.source, rest, said, present, request):
                yield update
            return
        shown = await to_thread.run_sync(self._shown, source, model, link, said)
        if self._asked.is_overtaken(visitor, ticket):  # another was asked for while this one was being drawn
            yield _nothing()
            return
        yield [*shown, self._handlers.begin(request), gr.skip()]

    def _shown(self, source: str, model: LoadedModel, link: Link, said: Said) -> list[Any]:
        """What the page shows of a model that has just been loaded, without the ticket of the run that it wants."""
        opened = Exploration(source=source).with_genotype(_first_genotype(model, link.genotype, said), model.anatomy)
        opened = opened.pointed_at(opened.selection, model.anatomy)
        asked = _asked(link, model, said)
        drawn = [*self._handlers.draw(opened)[:-1], notice_html(said.told())]
        first = self._workspace.programme.steps[0] if self._workspace.has_own_programme else None
        if first is not None and link == beginning(self._workspace, Link()):
            drawn[PRESETS_PLACE] = gr.update(visible=True, chosen=first.name)
        anew = [*cleared(), *bench.cleared()]  # what was of another model, should the first run of this one fail
        return [header_html(model), gr.skip(), opened, *asked, *drawn, *anew]

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


def _nothing() -> list[Any]:
    """The last word of an event that another has overtaken: gradio sends an event's last update again at its end."""
    return [gr.skip()] * (2 + _OTHERS)


def beginning(workspace: Workspace, link: Link) -> Link:
    """What the page opens with: what the address says, or else the first step of the programme, if there is one."""
    if not workspace.has_own_programme or link != Link():
        return link
    step = workspace.programme.steps[0]
    system, thinking, prefill, turns = fill_in_extras(step.prompt)
    return Link(
        genotype=step.genotype,
        prompt=step.prompt.text,
        chat=step.prompt.chat,
        plain=step.prompt.plain or None,
        system=system or None,
        thinking=thinking or None,
        prefill=prefill or None,
        turns=turns or None,
        **asdict(step.decoding),
    )


def opening_question(link: Link) -> Question:
    """What the page asks when it opens at an address: what that says, and for the rest what the page opens with."""
    return Question(
        prompt=OPENING_PROMPT if link.prompt is None else link.prompt,
        mode=RAW if link.chat is False else CHAT,
        max_new_tokens=OPENING_TOKENS if link.max_new_tokens is None else link.max_new_tokens,
        temperature=link.temperature or 0.0,
        top_p=1.0 if link.top_p is None else link.top_p,
        seed=str(link.seed or 0),
        top_k=link.top_k,
        max_length=link.max_length,
        plain=bool(link.plain),
        system=link.system,
        thinking=bool(link.thinking),
        prefill=link.prefill,
        turns=link.turns,
    )


def _asked(link: Link, model: LoadedModel, said: Said) -> list[Any]:
    """Updates of prompt and decoding: what the link says, and chats only where the model takes them."""
    if link.chat and not model.has_chat_template:
        said.refuse("chat", f"but {model.name} has no chat template", None, "the prompt is put as raw text")
    is_chat = model.has_chat_template and link.chat is not False
    is_said = link.prompt is not None  # else it is another model, and what is asked stays
    top_k, length = link.top_k, link.max_length
    if is_said:  # an address that does not say them means none
        top_k, length = top_k or 0, length or 0
    decoding = fill_in_decoding(link.max_new_tokens, link.temperature, link.top_p, link.seed, top_k, length)
    shown = gr.skip() if link.prompt is None else link.prompt
    default = model.default_system or "none"
    values: list[Any] = [link.system or "", bool(link.thinking), link.prefill or "", link.turns or ""]
    system, thinking, prefill, turns = [{"value": value} if is_said else {} for value in values]
    extras: list[Any] = [
        gr.update(**system, placeholder=f"The template's own: {default}", visible=model.has_chat_template),
        gr.update(**thinking, visible=model.knows_thinking),
        gr.update(**prefill),
        gr.update(**turns, visible=model.has_chat_template),
    ]
    return [shown, CHAT if is_chat else RAW, *decoding, bool(link.plain), *extras]


def _first_genotype(model: LoadedModel, text: str | None, said: Said) -> Genotype:
    """The genotype of a text, if the model has it; else an example that shows an effect, which is said."""
    example = _example(model)
    try:
        return model.anatomy.read(example if text is None else text)
    except NotationError as fault:
        instead = f"the example {example}" if example else "the original"
        said.note(f"{model.name} does not take the genotype {fault.text[:200]}: {fault.reason} Shown is {instead}.")
        return model.anatomy.read(example)


def _example(model: LoadedModel) -> str:
    """Known for the demo model; a layer's MLP for others."""
    if model.source == DEMO:
        return OPENING_GENOTYPE
    if not model.anatomy.layer_count:
        return ""
    return f"{model.anatomy.layer_count // 2}.mlp*0"
