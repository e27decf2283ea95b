"""What the tab Talk does: asks both models, undoes turns, starts anew, keeps, links and hands out conversations."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.domain.conversation import Conversation, Exchange, conversation_json, read_conversation
from explorer.domain.decoding import Decoding
from explorer.domain.errors import ExplorerError, PromptError
from explorer.domain.notation import format_genotype
from explorer.domain.record import Run
from explorer.model.loaded import LoadedModel
from explorer.ui.components.saver import Saver
from explorer.ui.components.talk_panel import TalkPanel, show_conversation, show_growing
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import Question, read_system
from explorer.ui.explore.handlers import UPDATE_SECONDS, Handlers
from explorer.ui.links import TALK, Said, format_query
from explorer.ui.runs import Runs
from explorer.ui.talk.words import conversation_file, mutant_html
from explorer.ui.words import notice_html

SHOWN_COUNT = 5
"""How many components a turn updates."""
MOST_LETTERS_LINKED = 12_000
"""Of a conversation in an address: more than that, servers refuse."""


class TalkHandlers:
    """The handlers of one page; `runs` are the turns that visitors wait for."""

    def __init__(self, handlers: Handlers, runs: Runs) -> None:
        self.handlers, self._runs = handlers, runs

    def introduce(self, exploration: Exploration) -> list[Any]:
        """Updates of the line on the mutant, of the system prompt and of thinking: what the model has."""
        model = self.handlers.workspace.models.peek(exploration.source)
        if model is None:
            return [mutant_html("the model", ""), gr.skip(), gr.skip()]
        default = model.default_system or "none"
        return [
            mutant_html(model.name, format_genotype(exploration.genotype(model.anatomy))),
            gr.update(placeholder=f"The template's own: {default}"),
            gr.update(visible=model.knows_thinking),
        ]

    def begin(self, request: gr.Request) -> int:
        """Want a turn, and get its ticket."""
        return self._runs.begin(request.session_hash or "")

    def stop(self, request: gr.Request) -> None:
        """End the turn; what is there of both answers stays."""
        self._runs.stop(request.session_hash or "")

    def send(
        self,
        request: gr.Request,
        exploration: Exploration,
        conversation: Conversation,
        wanted: float | None,
        text: str,
        system: str,
        thinking: bool,
        *asked: Any,
    ) -> Iterator[list[Any]]:
        """Updates of `TalkTab.shown` while both answer."""
        visitor = request.session_hash or ""
        ticket = self._runs.claim(visitor, wanted)
        if ticket is None:
            yield [gr.skip()] * SHOWN_COUNT
            return
        try:
            model = self.handlers.model(exploration)
            if not model.has_chat_template:
                raise PromptError(
                    f"{model.name} has no chat template: it continues texts, in Explore, and cannot talk."
                )
            if conversation.exchanges and conversation.model not in ("", exploration.source):
                raise PromptError(
                    f"This conversation was led with {conversation.model}: load that, or start a new conversation."
                )
            if not conversation.exchanges:
                conversation = Conversation(
                    model=exploration.source, system=read_system(system), thinking=bool(thinking)
                )
            decoding = Question(*asked).decoding()
            yield from self._turn(request, ticket, exploration, model, conversation, text, decoding)
        except ExplorerError as fault:
            yield [gr.skip(), gr.update(growing=""), gr.skip(), notice_html(str(fault)), gr.skip()]

    def _turn(
        self, request: gr.Request, ticket: int, exploration: Exploration, model: LoadedModel,
        conversation: Conversation, text: str, decoding: Decoding,
    ) -> Iterator[list[Any]]:  # fmt: skip
        visitor, workspace = request.session_hash or "", self.handlers.workspace
        genotype = exploration.genotype(model.anatomy)
        growing = Exchange(asked=text, genotype=format_genotype(genotype), original="", mutated="")
        updates = workspace.talks.stream(
            visitor, model, genotype, conversation, text, decoding, lambda: self._runs.is_over(visitor, ticket)
        )
        sent = 0.0
        for update in updates:
            if update.exchange is None and time.perf_counter() - sent < UPDATE_SECONDS:
                continue
            if self._runs.is_overtaken(visitor, ticket):
                yield [gr.skip()] * SHOWN_COUNT  # at the end gradio sends the last update again
                return
            sent = time.perf_counter()
            if update.exchange is None:
                grown = replace(
                    growing,
                    original_pieces=update.original,
                    mutated_pieces=update.mutated,
                    first_divergence=update.first_divergence,
                )
                yield [gr.skip(), show_growing(conversation, grown), gr.skip(), "", gr.skip()]
            else:
                longer = conversation.with_exchange(update.exchange)
                link = _address(longer)
                self._keep(model, conversation, update.exchange, decoding, link)
                yield [longer, show_conversation(longer), "", "", link]

    def _keep(
        self, model: LoadedModel, before: Conversation, exchange: Exchange, decoding: Decoding, link: str
    ) -> None:
        run = Run(
            kind="talk",
            genotypes=(exchange.genotype,),
            prompt=before.prompt("original", exchange.asked),
            decoding=decoding,
            original=exchange.original,
            mutated=exchange.mutated,
            link=link,
            detail={"conversation": before.with_exchange(exchange).plain()},
        )
        self.handlers.workspace.record.keep(model, run)

    def undo(self, conversation: Conversation, request: gr.Request) -> list[Any]:
        """Take the last turn back; what was asked in it is offered again."""
        self._runs.begin(request.session_hash or "")
        if not conversation.exchanges:
            return [gr.skip(), gr.update(growing=""), gr.skip(), notice_html("There is no turn to undo."), gr.skip()]
        shorter = conversation.undone()
        link = _address(shorter)
        return [shorter, show_conversation(shorter), conversation.exchanges[-1].asked, "", link]

    def anew(self, request: gr.Request) -> list[Any]:
        """Forget all that was said."""
        self._runs.begin(request.session_hash or "")
        return [Conversation(), TalkPanel.cleared(), "", "", "?"]

    def download(self, exploration: Exploration, conversation: Conversation, kind: str) -> list[Any]:
        """The conversation as a file, or why there is none."""
        if not conversation.exchanges:
            return [gr.skip(), notice_html("Nothing has been said yet.")]
        model = self.handlers.workspace.models.peek(exploration.source)
        text = conversation_file(conversation, model.name if model else exploration.source, kind)
        return [Saver.file(f"conversation.{kind}", text.encode()), ""]

    def read_link(self, parameters: Mapping[str, str]) -> list[Any]:
        """The page was opened at an address: the tab and the conversation, if it says one."""
        said = Said(parameters, TALK)
        if not said:
            return [gr.skip()] * (1 + SHOWN_COUNT)
        text = said.text("said", "")
        try:
            conversation = read_conversation(json.loads(text))
        except (ValueError, AttributeError, RecursionError, PromptError):
            conversation = said.refuse("said", "which is no conversation of this page", Conversation(), "none is shown")
        shown = [conversation, show_conversation(conversation), gr.skip(), notice_html(said.told()), gr.skip()]
        return [gr.Tabs(selected="talk"), *shown]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Talk" else "?"


def reopened(held: Mapping[str, Any]) -> list[Any]:
    """Updates of `TalkTab.shown` for a conversation that the record has kept. Raises PromptError."""
    conversation = read_conversation(held)
    return [conversation, show_conversation(conversation), "", "", _address(conversation)]


def _address(conversation: Conversation) -> str:
    """The query that opens a conversation again; of one that is too long for an address, none."""
    said = conversation_json(conversation)
    if not conversation.exchanges or len(said) > MOST_LETTERS_LINKED:
        return "?"
    return format_query({f"{TALK}said": said})
