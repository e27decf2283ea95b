"""The tab Talk: a conversation with the model and its mutant, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.conversation import Conversation
from explorer.ui.components.address import Address
from explorer.ui.components.saver import Saver
from explorer.ui.components.talk_panel import TalkPanel
from explorer.ui.links import TALK
from explorer.ui.talk.words import KINDS


@dataclass(frozen=True, slots=True)
class TalkTab:
    """The components."""

    mutant: gr.HTML
    system: gr.Textbox
    thinking: gr.Checkbox
    panel: TalkPanel
    message: gr.Textbox
    send: gr.Button
    stop: gr.Button
    undo: gr.Button
    anew: gr.Button
    files: dict[str, gr.Button]
    saver: Saver
    notice: gr.HTML
    address: Address
    conversation: gr.State
    wanted: gr.Number

    @property
    def shown(self) -> list[Any]:
        """What a turn updates."""
        return [self.conversation, self.panel, self.message, self.notice, self.address]

    @property
    def settings(self) -> list[Any]:
        """What a conversation begins with."""
        return [self.system, self.thinking]


def build() -> TalkTab:
    """Lay the tab out."""
    with gr.Group(elem_classes="card talk-card"):
        mutant = gr.HTML(apply_default_css=False)
        with gr.Accordion("System prompt", open=False):
            system = gr.Textbox(
                label="System prompt",
                lines=1,
                max_lines=6,
                info='Empty: whatever the chat template begins with. "" is none at all.',
            )
            thinking = gr.Checkbox(label="Let it think before it answers", value=False, visible=False)
        panel = TalkPanel()
        notice = gr.HTML(apply_default_css=False)
        with gr.Row(elem_classes="talk-say"):
            message = gr.Textbox(
                label="Say something to both",
                placeholder="Such as: What is the capital of France?",
                lines=1,
                max_lines=6,
                scale=5,
            )
            send = gr.Button("Send", variant="primary", scale=1, min_width=90)
        with gr.Row(elem_classes="buttons"):
            stop = gr.Button("Stop", size="sm", min_width=70)
            undo = gr.Button("Undo turn", size="sm", min_width=90)
            anew = gr.Button("New conversation", size="sm", min_width=130)
            files = {kind: gr.Button(title, size="sm", min_width=90) for kind, title in KINDS.items()}
        saver = Saver()
        address = Address(prefix=TALK, elem_classes="address")
    return TalkTab(
        mutant=mutant,
        system=system,
        thinking=thinking,
        panel=panel,
        message=message,
        send=send,
        stop=stop,
        undo=undo,
        anew=anew,
        files=files,
        saver=saver,
        notice=notice,
        address=address,
        conversation=gr.State(Conversation()),
        wanted=gr.Number(value=0, visible=False),
    )
