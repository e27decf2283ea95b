"""The tab History: every run that was kept, to be found, tagged, noted on, reopened and reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.record_list import RecordList
from explorer.ui.components.saver import Saver
from explorer.ui.history.draft import layout as draft
from explorer.ui.history.draft.layout import DraftPanel
from explorer.ui.history.form import ANY_TIME, NEWEST, SPANS


@dataclass(frozen=True, slots=True)
class HistoryTab:
    """The components."""

    words: gr.Textbox
    kinds: gr.Dropdown
    tags: gr.Dropdown
    models: gr.Dropdown
    span: gr.Dropdown
    sort: gr.Dropdown
    metric: gr.Dropdown
    page: gr.State
    notice: gr.HTML
    caption: gr.HTML
    timeline: FigurePanel
    draft: DraftPanel
    entries: RecordList
    saver: Saver

    @property
    def asked(self) -> list[Any]:
        """What is looked for, in the order of `Asked`."""
        return [self.words, self.kinds, self.tags, self.models, self.span, self.sort, self.metric, self.page]

    @property
    def drawn(self) -> list[Any]:
        """What `HistoryHandlers.draw` updates, in its order."""
        choices = [self.kinds, self.tags, self.models, self.sort, self.metric]
        return [*choices, self.page, self.notice, self.caption, self.timeline, self.entries]


def build(programme: Path | None) -> HistoryTab:
    """Lay the tab out; `programme` is the file of the programme that is put together, if visitors may know."""
    with gr.Group(elem_classes="card filters"):
        with gr.Row(elem_classes="filter-row"):
            words = gr.Textbox(
                label="Find", placeholder="words of genotype, prompt, texts, notes, tags", max_lines=1, scale=4,
                min_width=240,
            )  # fmt: skip
            kinds = _dropdown("Kind of run", scale=2)
            tags = _dropdown("Tagged", scale=2)
            models = _dropdown("Made with model", scale=2)
            span = gr.Dropdown(label="From", choices=list(SPANS), value=ANY_TIME, scale=1, min_width=130)
            sort = gr.Dropdown(
                label="Sorted by", choices=[("Newest first", NEWEST)], value=NEWEST, scale=2, min_width=170
            )
        notice = gr.HTML(apply_default_css=False)
    with gr.Group(elem_classes="card"):
        with gr.Row(elem_classes="filter-row"):
            gr.HTML("<h2>One metric over time</h2>", apply_default_css=False)
            metric = gr.Dropdown(label="Metric", choices=[], value=None, scale=0, min_width=220)
        caption = gr.HTML(apply_default_css=False)
        timeline = FigurePanel(elem_classes="timeline")
    drafted = draft.build(programme)
    with gr.Group(elem_classes="card"):
        entries = RecordList()
    return HistoryTab(
        words=words, kinds=kinds, tags=tags, models=models, span=span, sort=sort, metric=metric, page=gr.State(0),
        notice=notice, caption=caption, timeline=timeline, draft=drafted, entries=entries, saver=Saver(),
    )  # fmt: skip


def _dropdown(label: str, *, scale: int) -> gr.Dropdown:
    return gr.Dropdown(label=label, choices=[], value=[], multiselect=True, scale=scale, min_width=150)
