"""The tab Tasks: how mutants begin their answers, and what they know; one sub-tab each."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.figures.palette import STYLE_COLOURS
from explorer.ui.components.address import Address
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.item_list import ItemList
from explorer.ui.components.mutant_table import MutantTable
from explorer.ui.components.saver import Saver
from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.handlers import CHAT, RAW, Handlers
from explorer.ui.questions import offered
from explorer.ui.session import Runs
from explorer.ui.tabs import examining, writing
from explorer.ui.tabs.examining import LISTED, ExaminingHandlers
from explorer.ui.tabs.explore import ExploreTab, run_arguments
from explorer.ui.tabs.screen import ScreenTab
from explorer.ui.tabs.writing import ALL_STYLES, ANY, BOTH, FACTUAL, LITERARY, NAMES, PREFIX, Form, WritingHandlers

if TYPE_CHECKING:
    from explorer.workspace import Workspace

_HINT = (
    '<p class="no-picture">Run the mutants: each answers the same inputs as the original. The word that begins its '
    "answers, and almost none of the original’s, is its RIHF (rare initial word of highest frequency).</p>"
)
_ASKED_HINT = (
    '<p class="no-picture">Ask the questions: right answers by subject, of the original and of the genotype that '
    "Explore shows.</p>"
)
QUESTIONS = 120
"""That are asked by subject, unless another number is chosen."""


@dataclass(frozen=True, slots=True)
class WritersTab:
    """The components of the sub-tab Writers."""

    mutants: gr.Textbox
    take: gr.Button
    checked: gr.HTML
    screen: gr.Dropdown
    style: gr.Dropdown
    many: gr.Slider
    fill: gr.Button
    kind: gr.Radio
    inputs: gr.Slider
    new_tokens: gr.Slider
    asked_as: gr.Radio
    run: gr.Button
    stop: gr.Button
    shown: gr.State
    """The answers that are shown, as a `writing.Shown`."""
    chosen: gr.State
    """The place of the mutant that is shown, from 1."""
    address: Address
    notice: gr.HTML
    progress: gr.HTML
    verdict: gr.HTML
    words: FigurePanel
    styles: FigurePanel
    group_card: gr.Group
    """The groups by RIHF; hidden for one mutant."""
    groups: MutantTable
    shared: gr.HTML
    listing: gr.Group
    """All that shows answers; hidden while there are none."""
    of_kind: gr.Radio
    of_word: gr.Dropdown
    page: gr.State
    answers: ItemList
    told: gr.HTML
    earlier: gr.Button
    later: gr.Button
    files: dict[str, gr.Button]
    saver: Saver

    @property
    def asked(self) -> list[Any]:
        """What is asked, in the order of `writing.Form`."""
        return [getattr(self, name) for name in Form.__slots__]

    @property
    def drawn(self) -> list[Any]:
        """What a run updates, in the order of `writing.NAMES`."""
        return [getattr(self, name) for name in NAMES]


@dataclass(frozen=True, slots=True)
class QuestionsTab:
    """The components of the sub-tab Questions."""

    task_screen: gr.Dropdown
    shown: gr.State
    """The mutants that are listed, as an `examining.Listed`."""
    notice: gr.HTML
    told: gr.HTML
    to_screen: gr.Button
    better: MutantTable
    asking_again: gr.Column
    """The controls of the retest; hidden while there is nothing to ask again."""
    count: gr.Slider
    again: gr.Button
    stop_again: gr.Button
    again_progress: gr.HTML
    question_set: gr.Dropdown
    questions: gr.Slider
    shots: gr.Slider
    run: gr.Button
    stop: gr.Button
    asked_notice: gr.HTML
    progress: gr.HTML
    verdict: gr.HTML
    accuracy: FigurePanel

    @property
    def listed(self) -> list[Any]:
        """What shows a screen on a task, in the order of `examining.LISTED`."""
        return [getattr(self, name) for name in LISTED]


@dataclass(frozen=True, slots=True)
class TasksTab:
    """Both sub-tabs."""

    writers: WritersTab
    questions: QuestionsTab


def build(workspace: Workspace) -> TasksTab:
    """Lay the tab out."""
    with gr.Tabs(elem_classes="task-tabs"):
        with gr.Tab("Writers"):
            writers = _build_writers()
        with gr.Tab("Questions"):
            questions = _build_questions(workspace)
    return TasksTab(writers=writers, questions=questions)


def _build_writers() -> WritersTab:
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts = _build_mutants() | _build_inputs()
        with gr.Column(scale=7, min_width=340, elem_classes="task-results"):
            parts |= _build_first_words() | _build_groups() | _build_answers()
    return WritersTab(
        **parts, shown=gr.State(None), chosen=gr.State(1), page=gr.State(0), address=Address(prefix=PREFIX),
        saver=Saver(),
    )  # fmt: skip


def _build_mutants() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>1</b> Which mutants</h2>", apply_default_css=False)
        mutants = gr.Textbox(
            label="Mutants, one a line", value=Form().mutants, lines=3, max_lines=8, elem_classes="mono"
        )
        with gr.Row(elem_classes="buttons"):
            take = gr.Button("Add the mutant in Explore", size="sm", elem_classes="quiet")
        checked = gr.HTML(apply_default_css=False)
        with gr.Accordion("Take from a screen", open=False, elem_classes="decoding"):
            screen = gr.Dropdown(label="Screen with texts", choices=[], value=None)
            with gr.Row():
                style = gr.Dropdown(
                    label="That write", choices=[ALL_STYLES, *STYLE_COLOURS], value=ALL_STYLES, min_width=130
                )
                many = gr.Slider(label="How many mutants", minimum=1, maximum=writing.MOST, step=1, value=8)
            with gr.Row(elem_classes="buttons"):
                fill = gr.Button("Fill in those of the most shared texts", size="sm", elem_classes="quiet")
    return {
        "mutants": mutants, "take": take, "checked": checked, "screen": screen, "style": style, "many": many,
        "fill": fill,
    }  # fmt: skip


def _build_inputs() -> dict[str, Any]:
    form = Form()
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>2</b> What they are asked</h2>", apply_default_css=False)
        kind = gr.Radio(label="Kind of input", choices=[LITERARY, FACTUAL, BOTH], value=form.kind, elem_classes="pills")
        inputs = gr.Slider(
            label="Inputs, of 151", minimum=2, maximum=151, step=1, value=form.inputs,
            info="On two cores 24 take about 4 s a mutant, all 151 about 25 s.",
        )  # fmt: skip
        with gr.Accordion("How each answers", open=False, elem_classes="decoding"):
            asked_as = gr.Radio(
                label="Inputs are put as", choices=[CHAT, RAW], value=form.asked_as, elem_classes="pills"
            )
            new_tokens = gr.Slider(
                label="Tokens of each answer, at most", minimum=1, maximum=128, step=1, value=form.new_tokens
            )
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Run the mutants", variant="primary", size="md", min_width=140)
            stop = gr.Button("Stop", size="md", min_width=80)
        progress = gr.HTML(apply_default_css=False)
    return {
        "kind": kind, "inputs": inputs, "asked_as": asked_as, "new_tokens": new_tokens, "run": run, "stop": stop,
        "progress": progress,
    }  # fmt: skip


def _build_first_words() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>First words and styles</h2>", apply_default_css=False)
        notice = gr.HTML(apply_default_css=False)
        verdict = gr.HTML(_HINT, apply_default_css=False)
        words = FigurePanel(elem_classes="view-first-words")
        styles = FigurePanel(elem_classes="view-writing-styles")
    return {"notice": notice, "verdict": verdict, "words": words, "styles": styles}


def _build_groups() -> dict[str, Any]:
    with gr.Group(elem_classes="card", visible=False) as group_card:
        gr.HTML("<h2>Mutants by RIHF</h2>", apply_default_css=False)
        groups = MutantTable()
        shared = gr.HTML(apply_default_css=False)
    return {"group_card": group_card, "groups": groups, "shared": shared}


def _build_answers() -> dict[str, Any]:
    with gr.Group(elem_classes="card", visible=False) as listing:
        gr.HTML("<h2>Answers</h2>", apply_default_css=False)
        with gr.Row(elem_classes="filter-row"):
            of_kind = gr.Radio(
                label="Answers to inputs", choices=[("All", ANY), ("Literary", "literary"), ("Factual", "factual")],
                value=ANY, elem_classes="pills",
            )  # fmt: skip
            of_word = gr.Dropdown(label="That begin with (none: all)", choices=[], value=None, min_width=160)
            clear = gr.Button("All words", size="sm", min_width=90, scale=0, elem_classes="quiet")
        answers = ItemList()
        told = gr.HTML(apply_default_css=False)
        with gr.Row(elem_classes="buttons pager"):
            earlier = gr.Button("Earlier answers", size="sm", min_width=90, elem_classes="quiet")
            later = gr.Button("Later answers", size="sm", min_width=90, elem_classes="quiet")
            files = {
                kind: gr.Button(f"Answers as {name}", size="sm", min_width=110, elem_classes="quiet")
                for kind, name in (("csv", "CSV"), ("parquet", "Parquet"))
            }
    clear.click(lambda: None, None, of_word, **QUIETLY)
    return {
        "listing": listing, "of_kind": of_kind, "of_word": of_word, "answers": answers, "told": told,
        "earlier": earlier, "later": later, "files": files,
    }  # fmt: skip


def _build_questions(workspace: Workspace) -> QuestionsTab:
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=6, min_width=340, elem_classes="task-results"):
            parts = _build_better()
        with gr.Column(scale=5, min_width=340, elem_classes="task-results"):
            parts |= _build_accuracy(workspace)
    return QuestionsTab(**parts, shown=gr.State(None))


def _build_better() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>Better than the original?</h2>", apply_default_css=False)
        task_screen = gr.Dropdown(label="Screen on a task", choices=[], value=None, visible=False)
        notice = gr.HTML(apply_default_css=False)
        told = gr.HTML(apply_default_css=False)
        with gr.Row(elem_classes="buttons"):
            to_screen = gr.Button("Open the tab Screen with that experiment", size="md", visible=False)
        with gr.Column(visible=False, elem_classes="plain") as asking_again:
            with gr.Row(elem_classes="find-row"):
                count = gr.Slider(
                    label="Ask the surest again", minimum=1, maximum=100, step=1, value=examining.AGAIN, scale=3
                )
                again = gr.Button("Ask fresh questions", variant="primary", size="md", min_width=140, scale=1)
                stop_again = gr.Button("Stop", size="md", min_width=70, scale=0)
            again_progress = gr.HTML(apply_default_css=False)
        better = MutantTable()
    return {
        "task_screen": task_screen, "notice": notice, "told": told, "to_screen": to_screen, "better": better,
        "asking_again": asking_again, "count": count, "again": again, "stop_again": stop_again,
        "again_progress": again_progress,
    }  # fmt: skip


def _build_accuracy(workspace: Workspace) -> dict[str, Any]:
    sets = offered(workspace)
    choices = [(each.title, each.name) for each in sets]
    most = max((len(each.questions) for each in sets), default=QUESTIONS)
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>Right answers by subject</h2>", apply_default_css=False)
        question_set = gr.Dropdown(label="Questions of", choices=choices, value=choices[0][1] if choices else None)
        with gr.Row():
            questions = gr.Slider(
                label="Questions, drawn evenly",
                minimum=1,
                maximum=most,
                step=1,
                value=min(most, QUESTIONS),
                min_width=220,
            )
            shots = gr.Slider(label="Answered examples first", minimum=0, maximum=5, step=1, value=0, min_width=220)
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Ask the original and Explore’s genotype", variant="primary", size="md", min_width=160)
            stop = gr.Button("Stop", size="md", min_width=80)
        asked_notice = gr.HTML(apply_default_css=False)
        progress = gr.HTML(apply_default_css=False)
        verdict = gr.HTML(_ASKED_HINT, apply_default_css=False)
        accuracy = FigurePanel(elem_classes="view-accuracy")
    return {
        "question_set": question_set, "questions": questions, "shots": shots, "run": run, "stop": stop,
        "asked_notice": asked_notice, "progress": progress, "verdict": verdict, "accuracy": accuracy,
    }  # fmt: skip


def wire(
    tab: TasksTab,
    opened: Any,
    tabs: gr.Tabs,
    page_load: Any,
    explore: ExploreTab,
    screens: ScreenTab,
    handlers: Handlers,
    runs: tuple[Runs, Runs, Runs],
) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at, `page_load` that of the page.

    `runs` are the visitors' runs of mutants, their retests, and their questions by subject.
    """
    writers, *others = runs
    _wire_writers(tab.writers, opened, tabs, page_load, explore, WritingHandlers(handlers, writers), handlers)
    _wire_questions(tab.questions, opened, tabs, explore, screens, ExaminingHandlers(handlers, *others), handlers)


_ASKING: dict[str, Any] = {
    "concurrency_id": "tasks",  # of its own: a text in Explore streams while long tasks run
    "concurrency_limit": 3,
    **QUEUED,
}


def _wire_writers(
    tab: WritersTab, opened: Any, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, own: WritingHandlers,
    handlers: Handlers,
) -> None:  # fmt: skip
    opened(own.open, [explore.exploration, tab.screen], tab.screen, **QUIETLY)
    tab.take.click(own.take, [explore.exploration, tab.mutants], [tab.mutants, tab.checked], **QUIETLY)
    for event in (tab.mutants.blur, tab.mutants.submit):
        event(own.check, [explore.exploration, tab.mutants], tab.checked, **QUIETLY)
    tab.fill.click(own.fill, [tab.screen, tab.style, tab.many], [tab.mutants, tab.checked], **QUIETLY)
    tab.run.click(own.begin, None, None, **QUIETLY).then(
        own.run, [explore.exploration, *tab.asked], tab.drawn, **_ASKING
    )
    tab.stop.click(own.stop, None, None, **QUIETLY)
    tab.groups.choose(own.choose, tab.shown, tab.drawn, **QUIETLY)
    _wire_answers(tab, own)
    into_explore = [tab.notice, tab.address, tabs, explore.exploration, *explore.drawn, *explore.asked]
    for event, handler in ((tab.groups.open, own.open_mutant), (tab.answers.choose, own.open_answer)):
        event(handler, [explore.exploration, tab.shown], into_explore, **QUIETLY).then(
            **run_arguments(explore, handlers)
        )
    for kind, button in tab.files.items():
        button.click(functools.partial(own.download, kind=kind), tab.shown, [tab.saver, tab.notice], **QUIETLY)
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    page_load(own.read_link, None, [tabs, *tab.asked], **QUIETLY)


def _wire_answers(tab: WritersTab, own: WritingHandlers) -> None:
    """The list of answers: which of them, and which page."""
    asked, listed = [tab.shown, tab.chosen, tab.of_kind, tab.of_word, tab.page], [tab.answers, tab.told, tab.page]
    for event in (tab.of_kind.input, tab.of_word.change):
        event(functools.partial(own.answers, page=0), asked[:4], listed, **QUIETLY)
    tab.words.mark_click(own.choose_word, asked[:3], [tab.of_word, *listed], **QUIETLY)
    for button, step in ((tab.earlier, -1), (tab.later, 1)):
        button.click(functools.partial(_turned, own, step), asked, listed, **QUIETLY)


def _turned(own: WritingHandlers, step: int, shown: Any, place: int, kind: str, word: Any, page: int) -> list[Any]:
    return own.answers(shown, place, kind, word, page + step)


def _wire_questions(
    tab: QuestionsTab, opened: Any, tabs: gr.Tabs, explore: ExploreTab, screens: ScreenTab, own: ExaminingHandlers,
    handlers: Handlers,
) -> None:  # fmt: skip
    opened(own.open, [tab.task_screen, tab.shown], tab.listed, **QUIETLY)
    tab.task_screen.input(own.choose, tab.task_screen, tab.listed, **QUIETLY)
    tab.to_screen.click(own.to_screen, None, [tabs, screens.experiment], **QUIETLY)
    tab.better.choose(
        own.open_mutant,
        [explore.exploration, tab.shown],
        [tab.notice, tabs, explore.exploration, *explore.drawn, *explore.asked],
        **QUIETLY,
    ).then(**run_arguments(explore, handlers))
    tab.again.click(own.begin_again, None, None, **QUIETLY).then(
        own.ask_again, [explore.exploration, tab.shown, tab.count], tab.listed, **_ASKING
    )
    tab.stop_again.click(own.stop_again, None, None, **QUIETLY)
    tab.run.click(own.begin, None, None, **QUIETLY).then(
        own.run,
        [explore.exploration, tab.question_set, tab.questions, tab.shots],
        [tab.asked_notice, tab.progress, tab.verdict, tab.accuracy],
        **_ASKING,
    )
    tab.stop.click(own.stop, None, None, **QUIETLY)
