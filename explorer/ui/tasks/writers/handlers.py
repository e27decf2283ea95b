"""What the sub-tab Writers does: functions from values to values."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
import polars as pl

from explorer.domain.decoding import Prompt
from explorer.domain.errors import ExplorerError, TaskError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.figures.encoding import figure_json
from explorer.figures.first_words import first_words_figure, writing_styles_figure
from explorer.reports.runs import rihf_run
from explorer.reports.tasks import rare_word_told
from explorer.statistics.first_words import rare_word_of, style_table, word_table
from explorer.tasks.writers import Written, write
from explorer.ui.components.saver import Saver
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.links import Said
from explorer.ui.runs import Runs
from explorer.ui.tasks.writers.form import ALL_STYLES, ANY, PREFIX, Form, linked, read_mutants
from explorer.ui.tasks.writers.words import answers_json, groups_json, shared_html, texts_html, writer_html
from explorer.ui.words import notice_html, page_html, page_within, progress_html, screen_label

UPDATE_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The answers that the page shows."""

    source: str
    """The model's name, as the workspace knows it."""
    written: Written

    @property
    def mutants(self) -> tuple[Genotype, ...]:
        """Those that have answered everything."""
        return self.written.asked.genotypes[: self.written.finished]


class WritingHandlers:
    """The sub-tab's behaviour."""

    def __init__(self, handlers: Handlers, runs: Runs) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace
        self._runs = runs

    # ------------------------------------------------------------------------------------------- the form

    def take(self, exploration: Exploration, text: str) -> list[Any]:
        """The genotype of the tab Explore as one more line, and what is wrong with it."""
        try:
            line = format_genotype(exploration.genotype(self._handlers.model(exploration).anatomy))
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        if not line:
            return [gr.skip(), notice_html("Explore shows the original: set a mutation there first.")]
        lines = [each.strip() for each in text.splitlines() if each.strip()]
        return ["\n".join(lines if line in lines else [*lines, line]), ""]

    def check(self, exploration: Exploration, text: str) -> str:
        """What is wrong with the list; before the model is there, as far as can be told."""
        loaded = self._workspace.models.peek(exploration.source)
        try:
            read_mutants(text, loaded.anatomy.read if loaded else parse_genotype)
        except ExplorerError as fault:
            return notice_html(str(fault))
        return ""

    def open(self, exploration: Exploration, chosen: str | None) -> Any:
        """The tab was opened: the screens of the present model that mutants can be taken from."""

        loaded = self._workspace.models.peek(exploration.source)
        try:
            screens = self._workspace.atlas.phenotypes.screens()
        except ExplorerError:  # it is told when mutants are taken
            screens = []
        offered = [
            (screen_label(screen), screen.key)
            for screen in screens
            if screen.task is None and (loaded is None or screen.model == loaded.name)
        ]
        keys = [key for _, key in offered]
        return gr.update(choices=offered, value=chosen if chosen in keys else next(iter(keys), None))

    def fill(self, screen: str | None, style: str, count: float) -> list[Any]:
        """Mutants of a screen as the lines, and what is wrong with it."""
        styles = () if style == ALL_STYLES else (style,)
        try:
            if not screen:
                raise TaskError("There is no screen of this model with texts: run one in the tab Screen first.")
            return ["\n".join(self._workspace.atlas.phenotypes.candidates(screen, styles, int(count))), ""]
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]

    def read_link(self, parameters: Mapping[str, str]) -> list[Any]:
        """The page was opened at an address: the tab, the form and the notice, if it is of this tab."""
        said = Said(parameters, PREFIX)
        if not said:
            return [gr.skip()] * (2 + len(fields(Form)))
        form = linked(said)
        held = [getattr(form, field.name) for field in fields(Form)]
        return [gr.Tabs(selected="tasks"), *held, notice_html(said.told())]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Tasks" else "?"

    # ------------------------------------------------------------------------------------------ the run

    def begin(self, request: gr.Request) -> None:
        """Want a run; the visitor's older one stops."""
        self._runs.begin(request.session_hash or "")

    def stop(self, request: gr.Request) -> None:
        """Stop the visitor's run; the mutants that have answered everything are shown."""
        self._runs.stop(request.session_hash or "")

    def run(self, request: gr.Request, exploration: Exploration, *values: Any) -> Iterator[list[Any]]:
        """Updates of `WritersTab.drawn`: progress, and each mutant as it is ready."""
        visitor, form = request.session_hash or "", Form(*values)
        ticket = self._runs.claim(visitor)
        if ticket is None:
            yield _drawn()
            return
        last: Written | None = None
        try:
            model = self._handlers.model(exploration)
            order = form.order(model, self._workspace.behaviour.inputs())
            yield _drawn(address=form.address(), notice="", progress=progress_html(0, order.total, 0.0))
            steps = write(self._workspace.behaviour, model, order, lambda: self._runs.is_over(visitor, ticket))
            for written, drawn in self._steps(steps, exploration.source):
                last = written
                yield drawn
        except ExplorerError as fault:
            yield _drawn(notice=notice_html(str(fault)))
        if last is not None and not self._runs.is_overtaken(visitor, ticket):
            yield self._ended(last, exploration, form)
        elif self._runs.is_overtaken(visitor, ticket):
            yield _drawn()  # at the end gradio sends the last update again

    def _steps(self, steps: Iterator[Written], source: str) -> Iterator[tuple[Written, list[Any]]]:
        """The answers so far, with what is worth sending of them."""
        begun = sent = time.perf_counter()
        finished = 0
        for written in steps:
            now, drawn = time.perf_counter(), _drawn()
            if now - sent > UPDATE_SECONDS:
                sent = now
                drawn = _drawn(progress=progress_html(written.done, written.asked.total, now - begun))
            if written.finished > finished and written.finished < len(written.asked.genotypes):
                finished = written.finished
                progress = progress_html(written.done, written.asked.total, now - begun)
                drawn = self.show(Shown(source=source, written=written), 1, progress=progress)
            yield written, drawn

    def _ended(self, written: Written, exploration: Exploration, form: Form) -> list[Any]:
        """The end of a run, which goes into the record."""
        is_whole = written.done == written.asked.total
        progress = progress_html(written.done, written.asked.total, 0.0, "all answered" if is_whole else "stopped")
        if not written.finished:
            told = "Stopped before a mutant had answered everything: there is nothing to compare yet."
            return _drawn(progress=progress, notice=notice_html(told))

        self._workspace.record.keep(self._handlers.model(exploration), rihf_run(written, form.address()))
        return self.show(Shown(source=exploration.source, written=written), 1, progress=progress)

    # ------------------------------------------------------------------------------------ what is shown

    def show(self, shown: Shown, place: int, **more: Any) -> list[Any]:
        """Updates of `WritersTab.drawn` that show one of the mutants; the first page of its answers."""

        said, found = shown.written.said, rare_word_of(shown.written.said, place)
        words = word_table(said, place)
        rows, told, page = self.answers(shown, place, ANY, None, 0)
        many = len(shown.mutants) > 1
        return _drawn(
            shown=shown,
            chosen=place,
            verdict=writer_html(format_genotype(shown.mutants[place - 1]), rare_word_told(found), said, place),
            words=figure_json(first_words_figure(words, found)),
            styles=figure_json(writing_styles_figure(style_table(said, place))),
            group_card=gr.update(visible=many),
            groups=groups_json(shown.written, place) if many else "",
            shared=shared_html(shown.written) if many else "",
            text_card=gr.update(visible=True),
            texts=texts_html(shown.written),
            listing=gr.update(visible=True),
            of_kind=gr.update(value=ANY),
            of_word=gr.update(choices=word_choices(words), value=None),
            page=page,
            answers=rows,
            told=told,
            **more,
        )

    def choose(self, event: gr.EventData, shown: Shown | None) -> list[Any]:
        """A mutant of the groups was clicked."""
        return _drawn() if shown is None else self.show(shown, int(event.place))

    def choose_word(self, event: gr.EventData, shown: Shown | None, place: int, kind: str) -> list[Any]:
        """A bar of the first words was clicked: the word, and the answers that begin with it."""
        word = str(event.customdata or "")
        return [word or None, *self.answers(shown, place, kind, word, 0)]

    def answers(self, shown: Shown | None, place: int, kind: str, word: str | None, page: int) -> list[Any]:
        """A page of the answers, the line below, and the number of the page."""

        if shown is None:
            return ["", "", 0]
        pairs = pairs_of(shown.written.said, place, kind, word)
        page = page_within(page, len(pairs))
        return [answers_json(pairs, page, place), page_html(len(pairs), page), page]

    # ------------------------------------------------------------------------------------------ doors

    def open_mutant(
        self, event: gr.EventData, request: gr.Request, exploration: Exploration, shown: Shown | None
    ) -> list[Any]:
        """The button of a mutant: it is set in the tab Explore, with an input that its RIHF word answers."""
        place = int(event.place)
        return self._open(request, exploration, shown, place, 0 if shown is None else telling_item(shown, place))

    def open_answer(
        self, event: gr.EventData, request: gr.Request, exploration: Exploration, shown: Shown | None
    ) -> list[Any]:
        """A text was clicked: its genotype and its input are set in the tab Explore."""
        return self._open(request, exploration, shown, int(event.place), int(event.item))

    def _open(
        self, request: gr.Request, exploration: Exploration, shown: Shown | None, place: int, item: int
    ) -> list[Any]:
        if shown is None or shown.source != exploration.source:
            told = "Those answers are of another model: load it again at the foot of the page, or run the mutants."
            return [notice_html(told), *[gr.skip()] * (3 + DRAWN_COUNT + ASKED_COUNT)]
        asked = shown.written.asked
        genotype = format_genotype(shown.mutants[place - 1]) if place else ""
        prompt = Prompt(text=asked.inputs[item].text, chat=asked.chat)
        restored = self._handlers.restore(exploration, genotype, prompt, asked.decoding, request)
        return ["", "?", gr.Tabs(selected="explore"), *restored]

    def download(self, shown: Shown | None, kind: str) -> list[Any]:
        """All answers as a file, CSV or Parquet; and the notice."""
        if shown is None:
            return [gr.skip(), notice_html("There is nothing to take away yet: run the mutants first.")]
        return [Saver.table("first-words", named_answers(shown), kind), ""]


def pairs_of(said: pl.DataFrame, place: int, kind: str, word: str | None) -> pl.DataFrame:
    """The answers of a mutant with the original's beside them (`…_original`), those of a kind and a first word."""
    import polars as pl

    own = said.filter(genotype=place)
    pairs = own.join(said.filter(genotype=0).drop("genotype", "kind", "input"), on="item", suffix="_original")
    if kind != ANY:
        pairs = pairs.filter(pl.col("kind") == kind)
    return (pairs if word is None else pairs.filter(pl.col("word") == word)).sort("item")


def telling_item(shown: Shown, place: int) -> int:
    """The first input whose answer by a mutant begins with its RIHF word; the first of all where it has none."""

    found = rare_word_of(shown.written.said, place)
    if found is None:
        return 0
    return int(shown.written.said.filter(genotype=place, word=found.word)["item"].sort()[0])


def word_choices(words: pl.DataFrame) -> list[tuple[str, str]]:
    """The first words of the mutant, with how many answers begin with each."""
    rows = words.filter(words["mutant"] > 0).iter_rows(named=True)
    return [(f"{row['word'] or '(nothing)'}  {row['mutant']:,}", row["word"]) for row in rows]


def named_answers(shown: Shown) -> pl.DataFrame:
    """The answers with the notation of their genotypes."""
    import polars as pl

    names = {0: "original", **{place: format_genotype(each) for place, each in enumerate(shown.mutants, 1)}}
    return shown.written.said.with_columns(pl.col("genotype").replace_strict(names, return_dtype=pl.String))


NAMES = (
    "shown", "chosen", "address", "notice", "progress", "verdict", "words", "styles", "group_card", "groups", "shared",
    "text_card", "texts", "listing", "of_kind", "of_word", "page", "answers", "told",
)  # fmt: skip
"""Of the components in `WritersTab.drawn`."""


def _drawn(**updates: Any) -> list[Any]:
    """Updates of `WritersTab.drawn`; what is not named is left alone."""
    return [updates.get(name, gr.skip()) for name in NAMES]
