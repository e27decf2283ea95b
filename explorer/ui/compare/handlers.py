"""What the tab Compare does: functions from values to values."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import gradio as gr

from explorer.domain.decoding import Prompt
from explorer.domain.errors import ComparisonError, ExplorerError
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.figures.comparison import differences_figure, discordance_figure
from explorer.figures.encoding import figure_json
from explorer.reports.comparison import comparison_report, contrasts_of, verdicts
from explorer.reports.runs import comparison_run
from explorer.statistics.comparison import LETTERS, Contrast, Part, paired, part_of
from explorer.tasks.comparison import ORIGINAL, Answering, Compared, Comparison, called, compare, read_genotypes
from explorer.ui.compare.form import PREFIX, Form, linked
from explorer.ui.compare.words import genotypes_html, items_json, measures_html, parts_of, verdict_html
from explorer.ui.components.saver import Saver
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.links import Said
from explorer.ui.questions import offered
from explorer.ui.runs import Runs
from explorer.ui.words import notice_html, page_html, page_within, progress_html

UPDATE_SECONDS, ITEMS_SECONDS = 0.3, 2.0
"""The progress, and the items so far, are sent to the page at most this often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The comparison that the page shows."""

    source: str
    """The model's name, as the workspace knows it."""
    compared: Compared
    found: tuple[Contrast, ...] = ()

    @property
    def asks_questions(self) -> bool:
        """Whether questions were asked."""
        return self.compared.comparison.questions is not None


class CompareHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers, runs: Runs, answering: Answering | None = None) -> None:
        self.handlers = handlers
        self.answering: Answering = answering or handlers.workspace.behaviour
        self._runs = runs

    # ------------------------------------------------------------------------------------------- the form

    def take(self, exploration: Exploration, text: str) -> list[Any]:
        """The genotype of the tab Explore as one more line; and the list, checked."""
        try:
            genotype = exploration.genotype(self.handlers.model(exploration).anatomy)
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        line = format_genotype(genotype) or ORIGINAL
        lines = [each.strip() for each in text.splitlines() if each.strip()]
        longer = "\n".join(lines if line in lines else [*lines, line])
        return [longer, self.check(exploration, longer)]

    def check(self, exploration: Exploration, text: str) -> str:
        """Who is compared, or what is wrong with the list; before the model is there, as far as can be told."""

        loaded = self.handlers.workspace.models.peek(exploration.source)
        try:
            genotypes = read_genotypes(text.splitlines(), loaded.anatomy.read if loaded else parse_genotype)
            Comparison(genotypes=genotypes, prompts=(Prompt(text="-"),))
        except ExplorerError as fault:
            return notice_html(str(fault))
        return genotypes_html(genotypes)

    def read_link(self, parameters: Mapping[str, str]) -> list[Any]:
        """The page was opened at an address: the tab, the form and the notice, if it is of this tab."""
        said = Said(parameters, PREFIX)
        if not said:
            return [gr.skip()] * (2 + len(fields(Form)))
        form = linked(said, offered(self.handlers.workspace))
        held = [getattr(form, field.name) for field in fields(Form)]
        shown = [gr.skip() if value is None else value for value in held]
        return [gr.Tabs(selected="compare"), *shown, notice_html(said.told())]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Compare" else "?"

    # ------------------------------------------------------------------------------------------ the run

    def begin(self, request: gr.Request) -> None:
        """Want a run; the visitor's older one stops."""
        self._runs.begin(request.session_hash or "")

    def stop(self, request: gr.Request) -> None:
        """Stop the visitor's run; what is there is shown."""
        self._runs.stop(request.session_hash or "")

    def run(self, request: gr.Request, exploration: Exploration, *values: Any) -> Iterator[list[Any]]:
        """Updates of `CompareTab.drawn`: progress, items as they come, and at the end all that they show."""

        visitor = request.session_hash or ""
        ticket = self._runs.claim(visitor)
        if ticket is None:
            yield _drawn()
            return
        form, last = Form(*values), None
        try:
            model = self.handlers.model(exploration)
            order = form.order(model, self.answering)
            yield _drawn(address=form.address(), notice="", progress=_progress(0, order.total, 0.0))
            steps = compare(self.answering, model, order, lambda: self._runs.is_over(visitor, ticket))
            for compared, drawn in self._steps(steps, exploration.source):
                last = compared
                yield drawn
        except ExplorerError as fault:
            yield _drawn(notice=notice_html(str(fault)))
        if last is not None and not self._runs.is_overtaken(visitor, ticket):
            shown = Shown(source=exploration.source, compared=last)
            yield self._result(shown)
            self._keep(shown, form)
        elif self._runs.is_overtaken(visitor, ticket):
            yield _drawn()  # at the end gradio sends the last update again

    def _keep(self, shown: Shown, form: Form) -> None:
        """Put a run that has ended into the lab record, if it compares anything."""

        with contextlib.suppress(ComparisonError):  # it is told where the result is shown
            run = comparison_run(shown.compared, contrasts_of(shown.compared), form.address())
            self.handlers.workspace.record.keep(self.handlers.workspace.models.present(shown.source), run)

    def _steps(self, steps: Iterator[Compared], source: str) -> Iterator[tuple[Compared, list[Any]]]:
        """The comparison so far, with what is worth sending of it."""
        begun = sent = listed = time.perf_counter()
        for compared in steps:
            now, drawn = time.perf_counter(), _drawn()
            if now - sent > UPDATE_SECONDS:
                sent = now
                progress = _progress(len(compared.rows), compared.comparison.total, now - begun)
                drawn = _drawn(progress=progress)
                if now - listed > ITEMS_SECONDS:
                    listed = now
                    items, told, _ = self.items(Shown(source=source, compared=compared), 1, "all", 0)
                    drawn = _drawn(progress=progress, listing=gr.update(visible=True), items=items, told=told)
            yield compared, drawn

    def _result(self, shown: Shown) -> list[Any]:
        """All that a comparison shows."""

        compared, comparison = shown.compared, shown.compared.comparison
        state = "all answered" if compared.is_complete else "stopped"
        progress = _progress(len(compared.rows), comparison.total, 0.0, state)
        try:
            found = contrasts_of(compared)
        except ComparisonError as fault:
            return _drawn(compared=shown, progress=progress, notice=notice_html(str(fault)))
        shown = replace(shown, found=found)
        against = sorted({contrast.genotype for contrast in found})
        parts = parts_of(asks_questions=shown.asks_questions, letter=LETTERS[against[0]])
        items, told, page = self.items(shown, against[0], "all", 0)
        parted = any(contrast.table and contrast.table.parted for contrast in found)
        passed = "right" if shown.asks_questions else "not destroyed"
        return _drawn(
            compared=shown,
            progress=progress,
            verdict=verdict_html(verdicts(compared, found)),
            measures=measures_html(found),
            differences=figure_json(differences_figure(found)),
            discordance=figure_json(discordance_figure(found, passed)) if parted else "",
            listing=gr.update(visible=True),
            against=gr.update(choices=[(f"A and {LETTERS[place]}", place) for place in against], value=against[0],
                              visible=len(against) > 1),
            part=gr.update(choices=parts, value="all"),
            page=page,
            items=items,
            told=told,
        )  # fmt: skip

    # ---------------------------------------------------------------------------------------- the items

    def items(self, shown: Shown | None, against: int | None, part: Part, page: int) -> list[Any]:
        """A page of the items, the line below, and the number of the page."""

        if shown is None:
            return ["", "", 0]
        place = against or 1
        pairs = part_of(paired(shown.compared.answers, place), part)
        page = page_within(page, len(pairs))
        rows = items_json(pairs, page, LETTERS[place], place, asks_questions=shown.asks_questions)
        return [rows, page_html(len(pairs), page), page]

    def choose_against(self, shown: Shown | None, against: int) -> list[Any]:
        """Another genotype beside A: the filter in its words, and the first page."""

        if shown is None:
            return [gr.skip()] * 4
        parts = parts_of(asks_questions=shown.asks_questions, letter=LETTERS[against])
        return [gr.update(choices=parts, value="all"), *self.items(shown, against, "all", 0)]

    def open_item(
        self, event: gr.EventData, request: gr.Request, exploration: Exploration, shown: Shown | None
    ) -> list[Any]:
        """A text was clicked: its genotype and prompt are set in the tab Explore."""
        count = 3 + 1 + DRAWN_COUNT + ASKED_COUNT
        if shown is None or shown.source != exploration.source:
            told = "That comparison is of another model: load it again at the foot of the page, or run the comparison."
            return [notice_html(told), *[gr.skip()] * (count - 1)]
        comparison = shown.compared.comparison
        prompt = comparison.prompt_of(int(event.item))
        genotype = format_genotype(comparison.genotypes[int(event.place)])
        restored = self.handlers.restore(exploration, genotype, prompt, comparison.decoding, request)
        return ["", "?", gr.Tabs(selected="explore"), *restored]

    def download(self, shown: Shown | None, kind: str) -> list[Any]:
        """The comparison as a file: answers as CSV or Parquet, everything as JSON; and the notice."""
        import orjson

        if shown is None:
            return [gr.skip(), notice_html("There is nothing to take away yet: run the comparison first.")]
        if kind == "json":
            report = {"model": shown.source, **comparison_report(shown.compared)}
            return [Saver.file("comparison.json", orjson.dumps(report, option=orjson.OPT_INDENT_2)), ""]
        return [Saver.table("comparison", named_answers(shown.compared), kind), ""]


def named_answers(compared: Compared) -> Any:
    """The answers as a frame, with the letter and the notation of each genotype."""
    import polars as pl

    names = [called(genotype) for genotype in compared.comparison.genotypes]
    place = pl.col("genotype")
    return compared.answers.with_columns(
        letter=place.replace_strict(dict(enumerate(LETTERS)), return_dtype=pl.String),
        genotype=place.replace_strict(dict(enumerate(names)), return_dtype=pl.String),
    )


NAMES = (
    "compared", "address", "notice", "progress", "verdict", "measures", "differences", "discordance", "listing",
    "against", "part", "page", "items", "told",
)  # fmt: skip
"""Of the components in `CompareTab.drawn`."""


def _drawn(**updates: Any) -> list[Any]:
    """Updates of `CompareTab.drawn`; what is not named is left alone."""
    return [updates.get(name, gr.skip()) for name in NAMES]


def _progress(done: int, total: int, seconds: float, state: str = "") -> str:

    return progress_html(done, total, seconds, state)
