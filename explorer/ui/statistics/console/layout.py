"""The console: a question in SQL to a database of screens, its tables beside it, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.statistics.console.words import EXAMPLES

SHELVES = [("Bundled screens", "bundled"), ("Your own", "own")]


@dataclass(frozen=True, slots=True)
class Console:
    """The components."""

    shelf: gr.Radio
    query: gr.Textbox
    examples: gr.Dropdown
    run: gr.Button
    stop: gr.Button
    csv: gr.Button
    parquet: gr.Button
    notice: gr.HTML
    told: gr.HTML
    chart: FigurePanel
    table: gr.HTML
    schema: gr.HTML

    @property
    def asked(self) -> list[Any]:
        """What is asked of what."""
        return [self.shelf, self.query]

    @property
    def answered(self) -> list[Any]:
        """What `ConsoleHandlers.ask` updates, in its order."""
        return [self.notice, self.told, self.chart, self.table]


def build() -> Console:
    """Lay it out."""
    with gr.Row(elem_classes="console"):
        with gr.Column(scale=3, min_width=340):
            shelf = gr.Radio(label="Ask the database of", choices=SHELVES, value="bundled", elem_classes="pills")
            query = gr.Textbox(
                label="Question in SQL (Shift + Enter asks it)", value=EXAMPLES[0][1], lines=3, max_lines=12,
                elem_classes="mono",
            )  # fmt: skip
            examples = gr.Dropdown(label="Example questions", choices=EXAMPLES, value=None)
            with gr.Row(elem_classes="buttons"):
                run = gr.Button("Ask", variant="primary", size="md", min_width=90)
                stop = gr.Button("Stop asking", size="md", min_width=90)
                csv = gr.Button("Answer as CSV", size="sm", min_width=120, elem_classes="quiet")
                parquet = gr.Button("Answer as Parquet", size="sm", min_width=130, elem_classes="quiet")
            notice = gr.HTML(apply_default_css=False)
            told = gr.HTML(apply_default_css=False)
        with gr.Column(scale=2, min_width=280):
            schema = gr.HTML(apply_default_css=False, elem_classes="console-schema")
    return Console(
        shelf=shelf, query=query, examples=examples, run=run, stop=stop, csv=csv, parquet=parquet, notice=notice,
        told=told, chart=FigurePanel(elem_classes="view-answer"),
        table=gr.HTML(apply_default_css=False, elem_classes="console-table"), schema=schema,
    )  # fmt: skip
