"""The blind test: two texts without labels, a vote, then the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.compare.blind.words import BETTER, BUTTONS, MUTANT

_HINT = (
    '<p class="no-picture">Two texts without labels, in random order: say which is better, or which is the mutant\'s. '
    "The labels are told after each vote, and the votes are kept. Genotypes and prompts are those of the form; of the "
    "genotypes, the first two.</p>"
)


@dataclass(frozen=True, slots=True)
class BlindTab:
    """The components."""

    mode: gr.Radio
    name: gr.Textbox
    begin: gr.Button
    sitting: gr.State
    """The test as it goes, as a `Sitting`; it stays on the server."""
    notice: gr.HTML
    pair: gr.HTML
    one: gr.Button
    two: gr.Button
    neither: gr.Button
    next: gr.Button
    tally: gr.HTML

    @property
    def drawn(self) -> list[Any]:
        """What every step updates."""
        return [
            self.sitting, self.notice, self.pair, self.one, self.two, self.neither, self.next, self.tally
        ]  # fmt: skip


def build() -> BlindTab:
    """Lay the sub-tab out."""
    with gr.Row(elem_classes="find-row"):
        mode = gr.Radio(
            label="Question of the blind test",
            choices=[(BETTER, "better"), (MUTANT, "mutant")],
            value="better",
            elem_classes="pills",
            scale=3,
        )
        name = gr.Textbox(label="Your name (optional)", max_lines=1, scale=2, min_width=130)
        begin = gr.Button("Begin", variant="primary", size="md", min_width=90, scale=1)
    notice = gr.HTML(apply_default_css=False)
    pair = gr.HTML(_HINT, apply_default_css=False)
    with gr.Row(elem_classes="buttons"):
        one, two, neither = (gr.Button(label, min_width=110, interactive=False) for label in BUTTONS["better"])
        following = gr.Button("Next pair", variant="primary", min_width=100, interactive=False)
    tally = gr.HTML(apply_default_css=False)
    return BlindTab(
        mode=mode, name=name, begin=begin, sitting=gr.State(None), notice=notice, pair=pair, one=one, two=two,
        neither=neither, next=following, tally=tally,
    )  # fmt: skip
