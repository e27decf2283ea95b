"""The tab Statistics: what the stored screens show; every mark is a door to its mutant in Explore."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.errors import ExplorerError, StoreError
from explorer.figures.encoding import figure_json
from explorer.figures.marks import window_of
from explorer.statistics.filters import Filter, format_layers, read_layers, read_operations
from explorer.store.maps import Window
from explorer.store.summaries import OPERATIONS
from explorer.ui.components.address import Address
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.saver import Saver
from explorer.ui.doors import Doors
from explorer.ui.events import QUIETLY
from explorer.ui.handlers import Handlers
from explorer.ui.links import format_query
from explorer.ui.screens import legend_html
from explorer.ui.session import Exploration
from explorer.ui.statistics import missing_html, screen_label, sentence_html, totals_html
from explorer.ui.summary import notice_html
from explorer.ui.tabs.explore import ExploreTab, run_arguments

if TYPE_CHECKING:
    from explorer.pictures import Asked
    from explorer.store.queries import StoredScreen

PREFIX = "stats_"
LINKED_COUNT = 9
"""Components that a link sets beside `StatisticsTab.drawn`."""
ALL = "all models"

TABS: dict[str, tuple[str, ...]] = {
    "Overview": ("overview", "by_kind", "by_layer"),
    "NSM map": ("nsm_map",),
    "Rows and columns": ("axes", "stripes"),
    "COPA": ("copa",),
    "Compare": ("correlations", "scatter", "overlap", "two_maps"),
    "Texts": ("styles_by_kind", "styles_by_layer", "cosine", "divergence", "scores", "distinct"),
    "Estimates": ("agreement",),
}
"""The views of each of the tab's own tabs, see `explorer.pictures`."""

VIEWS = tuple(view for views in TABS.values() for view in views)

TITLES = {
    "overview": "All matrices",
    "by_kind": "By kind",
    "by_layer": "By layer",
    "nsm_map": "One matrix, unit by unit",
    "copa": "The same matrix, rearranged",
    "axes": "The most sensitive rows and columns",
    "stripes": "Layer by layer",
    "correlations": "All screens",
    "scatter": "Two screens, layer by layer",
    "overlap": "What they share",
    "two_maps": "Side by side",
    "cosine": "How far from the standard output",
    "divergence": "From which token on",
    "scores": "How many answers are right",
    "styles_by_kind": "Styles by kind",
    "styles_by_layer": "Styles by layer",
    "distinct": "How many say something of their own",
    "agreement": "Estimated and measured",
}

MEASURES = (
    ("Non-silent", "nonsilent"),
    ("Distinct texts", "phenotypes"),
    ("KL", "mean_kl"),
    ("Change of NLL", "mean_added_nll"),
    ("Destroyed", "destructive"),
)
SEVERITIES = (
    ("Cosine", "cosine"),
    ("KL", "mean_kl"),
    ("First divergence", "first_divergence"),
    ("Change of NLL", "added_nll"),
    ("Score", "score"),
)


@dataclass(frozen=True, slots=True)
class StatisticsTab:
    """The components."""

    model: gr.Dropdown
    screen: gr.Dropdown
    operations: gr.CheckboxGroup
    layers: gr.Textbox
    kinds: gr.Dropdown
    matrix: gr.Dropdown
    clear: gr.Button
    notice: gr.HTML
    behind: gr.HTML
    views: gr.Tabs
    view: gr.State
    """The name of the open one of the tab's own tabs."""
    measure: gr.Radio
    coloured: gr.Radio
    severity: gr.Radio
    step: gr.Slider
    axes: gr.Dropdown
    other: gr.Dropdown
    panels: dict[str, FigurePanel]
    sentences: dict[str, gr.HTML]
    totals: gr.HTML
    address: Address
    saver: Saver

    @property
    def asked(self) -> list[Any]:
        """What a picture is made of, in the order of `Controls`."""
        return [
            self.model, self.screen, self.operations, self.layers, self.kinds, self.matrix, self.view, self.measure,
            self.coloured, self.severity, self.step, self.axes, self.other,
        ]  # fmt: skip

    @property
    def drawn(self) -> list[Any]:
        """What `StatisticsHandlers.draw` updates, in its order."""
        figures = [each for view in VIEWS for each in (self.panels[view], self.sentences[view])]
        choices = [self.model, self.screen, self.kinds, self.matrix, self.axes, self.other]
        return [*choices, self.notice, self.totals, self.address, *figures]


@dataclass(frozen=True, slots=True)
class Controls:
    """The values of `StatisticsTab.asked`."""

    model: str | None = None
    screen: str | None = None
    operations: tuple[str, ...] = ()
    layers: str = ""
    kinds: tuple[str, ...] = ()
    matrix: str | None = None
    view: str = "Overview"
    measure: str = "nonsilent"
    coloured: str = "operation"
    severity: str = "cosine"
    step: float = 0
    axes: str | None = None
    other: str | None = None


def build() -> StatisticsTab:
    """Lay the tab out."""
    with gr.Group(elem_classes="card filters"):
        with gr.Row(elem_classes="filter-row"):
            screen = gr.Dropdown(label="Screen shown", choices=[], value=None, scale=4, min_width=280)
            model = gr.Dropdown(label="Of model", choices=[ALL], value=ALL, scale=2, min_width=150)
            operations = gr.CheckboxGroup(
                label="Operations shown",
                choices=list(OPERATIONS),
                value=[],
                elem_classes="pills",
                scale=2,
                min_width=190,
            )
            kinds = gr.Dropdown(
                label="Kinds shown (none: all)", choices=[], value=[], multiselect=True, scale=2, min_width=170
            )
            layers = gr.Textbox(
                label="Layers shown", placeholder="all; or 0-5, 11", max_lines=1, scale=1, min_width=110
            )
            matrix = gr.Dropdown(label="Matrix shown", choices=[], value=None, scale=1, min_width=120)
            clear = gr.Button("Clear", size="sm", min_width=70, scale=0, elem_classes="quiet")
        notice = gr.HTML(apply_default_css=False)
        behind = gr.HTML(apply_default_css=False)
    panels: dict[str, FigurePanel] = {}
    sentences: dict[str, gr.HTML] = {}
    parts: dict[str, Any] = {}
    with gr.Tabs(elem_classes="card statistics") as views:
        for name, shown in TABS.items():
            with gr.Tab(name, id=name):
                parts |= _build_controls(name)
                _build_views(shown, panels, sentences)
                if name == "Overview":
                    parts["totals"] = gr.HTML(apply_default_css=False)
    return StatisticsTab(
        **parts, model=model, screen=screen, operations=operations, layers=layers, kinds=kinds, matrix=matrix,
        clear=clear, notice=notice, behind=behind, views=views, view=gr.State("Overview"), panels=panels,
        sentences=sentences, address=Address(prefix=PREFIX), saver=Saver(),
    )  # fmt: skip


def _build_controls(name: str) -> dict[str, Any]:
    """The controls of one of the tab's own tabs, above its pictures."""
    if name == "Overview":
        measure = gr.Radio(label="What a cell tells", choices=list(MEASURES), value="nonsilent", elem_classes="pills")
        return {"measure": measure}
    if name == "NSM map":
        with gr.Row():
            coloured = gr.Radio(
                label="Coloured by",
                choices=[("What was done", "operation"), ("How severe it is", "severity")],
                value="operation",
                elem_classes="pills",
            )
            severity = gr.Radio(label="Severity is", choices=list(SEVERITIES), value="cosine", elem_classes="pills")
            step = gr.Slider(label="Threshold, from all to the most severe", minimum=0, maximum=4, step=1, value=0)
        return {"coloured": coloured, "severity": severity, "step": step}
    if name == "Rows and columns":
        return {"axes": gr.Dropdown(label="Stripes of", choices=[], value=None)}
    if name == "Compare":
        return {"other": gr.Dropdown(label="Compare with", choices=[], value=None)}
    return {}


def _build_views(shown: tuple[str, ...], panels: dict[str, FigurePanel], sentences: dict[str, gr.HTML]) -> None:
    """The pictures of one of the tab's own tabs, each under its title and its sentence."""
    for view in shown:
        with gr.Column(elem_classes=["picture", f"picture-{view}"]):
            gr.HTML(f"<h2>{TITLES[view]}</h2>", apply_default_css=False)
            sentences[view] = gr.HTML('<p class="caption busy">Reading the screens …</p>', apply_default_css=False)
            panels[view] = FigurePanel(elem_classes=f"view-{view.replace('_', '-')}")
            if view in ("nsm_map", "copa", "two_maps"):
                gr.HTML(legend_html(), apply_default_css=False)


def wire(
    tab: StatisticsTab, opened: Any, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, handlers: Handlers
) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at, `page_load` that of the page."""
    own = StatisticsHandlers(handlers)
    opened(own.draw, tab.asked, tab.drawn, **QUIETLY)
    for component in (tab.screen, tab.operations, tab.kinds, tab.matrix, tab.measure, tab.coloured, tab.severity,
                      tab.step, tab.axes, tab.other, tab.model):  # fmt: skip
        component.input(own.draw, tab.asked, tab.drawn, trigger_mode="always_last", **QUIETLY)
    for event in (tab.layers.submit, tab.layers.blur):
        event(own.draw, tab.asked, tab.drawn, **QUIETLY)
    tab.views.select(own.look, tab.asked, [tab.view, *tab.drawn], **QUIETLY)
    tab.clear.click(own.clear, tab.asked, [tab.operations, tab.layers, *tab.drawn], **QUIETLY)
    for view, panel in tab.panels.items():
        panel.take(own.take, tab.asked, [tab.saver, tab.notice], **QUIETLY)
        if view == "correlations":
            panel.mark_click(own.compare, tab.asked, tab.drawn, **QUIETLY)
            continue
        panel.mark_click(
            own.open,
            [explore.exploration, *tab.asked],
            [tab.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
            **QUIETLY,
        ).then(**run_arguments(explore, handlers))
    tab.panels["nsm_map"].zoom(own.zoom, tab.asked, [tab.panels["nsm_map"], tab.sentences["nsm_map"]], **QUIETLY)
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    page_load(
        own.read_link,
        None,
        [
            tabs,
            tab.views,
            tab.view,
            tab.operations,
            tab.layers,
            tab.measure,
            tab.coloured,
            tab.severity,
            tab.step,
            *tab.drawn,
        ],
        **QUIETLY,
    )


class StatisticsHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._atlas = handlers.workspace.atlas
        self._doors = Doors(handlers)

    def draw(self, *values: Any) -> list[Any]:
        """Updates of `StatisticsTab.drawn`: the pictures of the open tab, and what can be chosen."""
        return self._draw(_controls(values))

    def look(self, event: gr.SelectData, *values: Any) -> list[Any]:
        """Another of the tab's own tabs was opened."""
        return [event.value, *self._draw(replace(_controls(values), view=str(event.value)))]

    def clear(self, *values: Any) -> list[Any]:
        """Forget the filters."""
        controls = replace(_controls(values), operations=(), layers="", kinds=())
        return [[], "", *self._draw(controls)]

    def compare(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A cell of the correlation matrix was clicked: its two screens are compared."""
        first, second = str(event.customdata).split()
        return self._draw(replace(_controls(values), model=ALL, screen=first, other=second))

    def open(self, event: gr.EventData, request: gr.Request, exploration: Exploration, *values: Any) -> list[Any]:
        """A mark was clicked: its mutant."""
        try:
            chosen = _filter(_controls(values))
        except ExplorerError:
            chosen = Filter()
        return self._doors.open(exploration, event, request, chosen)

    def zoom(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A part of a map that is too large to be drawn whole."""
        try:
            asked = self._found(_controls(values))
        except ExplorerError as fault:
            return ["", missing_html(str(fault))]
        return self._picture("nsm_map", replace(asked, window=window_of(event.meta["maps"][0], event.x, event.y)))

    def take(self, event: gr.EventData, *values: Any) -> list[Any]:
        """The data of a picture, as a file; or why there is none, as the notice."""
        from explorer.pictures import draw

        view = str(event.meta["view"])
        try:
            asked = replace(self._found(_controls(values)), window=_window(event.meta.get("window")))
            data = draw(view, self._atlas, asked).data
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return [Saver.table(view, data, str(event.format)), ""]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Statistics" else "?"

    def read_link(self, request: gr.Request) -> list[Any]:
        """The page was opened: show what its address says, if it is of this tab."""
        said = {
            name.removeprefix(PREFIX): value for name, value in request.query_params.items() if name.startswith(PREFIX)
        }
        if "screen" not in said:
            return [gr.skip()] * (LINKED_COUNT + 9 + 2 * len(VIEWS))
        controls = _linked(said)
        shown = [
            list(controls.operations), controls.layers, controls.measure, controls.coloured, controls.severity,
            controls.step,
        ]  # fmt: skip
        selected = [gr.Tabs(selected="statistics"), gr.Tabs(selected=controls.view), controls.view]
        return [*selected, *shown, *self._draw(controls)]

    def _draw(self, controls: Controls) -> list[Any]:
        try:
            with self._atlas.held():
                return self._drawn(controls)
        except ExplorerError as fault:
            return [*[gr.skip()] * 6, notice_html(str(fault)), *[gr.skip()] * (2 + 2 * len(VIEWS))]

    def _drawn(self, controls: Controls) -> list[Any]:
        screens, fault = self._atlas.stored()
        models = list(dict.fromkeys(screen.model for screen in screens))
        model = controls.model if controls.model in models else ALL
        offered = [screen for screen in screens if model in (ALL, screen.model)]
        try:
            chosen = _filter(controls)
        except ExplorerError as wrong:
            fault = f"{wrong} Until then all mutants are shown."
            chosen = Filter()
        if not screens:
            told = missing_html("No screen is stored yet: run one in the tab Screen, and its pictures appear here.")
            empty = [each for view in VIEWS for each in ("", told)]
            return [*[gr.skip()] * 6, notice_html(fault), "", gr.skip(), *empty]
        asked = self._asked(controls, screens, offered, chosen)
        totals: Any = gr.skip()
        if controls.view == "Overview":
            totals = totals_html(list(zip(offered, self._atlas.totals(offered), strict=True)))
        return [
            gr.update(choices=[ALL, *models], value=model),
            gr.update(choices=[(screen_label(screen), screen.key) for screen in offered], value=asked.screen.key),
            *self._choices(controls.view, asked, screens),
            notice_html(fault),
            totals,
            _address(controls, asked, model),
            *self._pictures(controls.view, asked),
        ]

    def _choices(self, view: str, asked: Asked, screens: list[StoredScreen]) -> list[Any]:
        """Kinds, matrices, axes and screens to compare with."""
        from explorer.figures.statistics import kinds_of
        from explorer.pictures import axis_names

        matrices = self._atlas.matrices(asked.screen)
        axes: Any = gr.skip()
        if "stripes" in TABS[view]:
            with contextlib.suppress(ExplorerError):
                names = axis_names(self._atlas, asked)
                axes = gr.update(choices=names, value=asked.axes if asked.axes in names else names[0])
        others = [(screen_label(screen), screen.key) for screen in screens if screen.key != asked.screen.key]
        kinds = kinds_of(matrices)
        return [
            gr.update(choices=kinds, value=[kind for kind in asked.chosen.kinds if kind in kinds]),
            gr.update(choices=matrices["name"].to_list(), value=asked.matrix),
            axes,
            gr.update(choices=others, value=None if asked.other is None else asked.other.key),
        ]

    def _pictures(self, view: str, asked: Asked) -> list[Any]:
        """Updates of all panels and their sentences; those of hidden tabs are left alone."""
        updates: list[Any] = []
        for name in VIEWS:
            updates += self._picture(name, asked) if name in TABS[view] else [gr.skip(), gr.skip()]
        return updates

    def _picture(self, view: str, asked: Asked) -> list[Any]:
        from explorer.pictures import draw

        try:
            picture = draw(view, self._atlas, asked)
        except ExplorerError as fault:
            return ["", missing_html(str(fault))]
        return [figure_json(picture.figure), sentence_html(picture.sentence)]

    def _found(self, controls: Controls) -> Asked:
        """What the controls ask for, as it is drawn. Raises ExplorerError."""
        screens, fault = self._atlas.stored()
        offered = [screen for screen in screens if controls.model in (ALL, screen.model)] or screens
        if not screens:
            raise StoreError(fault or "There is no screen any more.")
        return self._asked(controls, screens, offered, _filter(controls))

    def _asked(
        self, controls: Controls, screens: list[StoredScreen], offered: list[StoredScreen], chosen: Filter
    ) -> Asked:
        """What the controls ask for: a screen of those that are offered, beside any other. Raises ExplorerError."""
        from explorer.pictures import Asked
        from explorer.statistics.severity import Severity

        screen = next((each for each in offered if each.key == controls.screen), (offered or screens)[0])
        others = [each for each in screens if each.key != screen.key]
        other = next((each for each in others if each.key == controls.other), None)
        return Asked(
            screen=screen,
            chosen=chosen,
            measure=controls.measure,
            matrix=self._atlas.telling(screen, controls.matrix, chosen),
            severity=Severity(controls.severity, int(controls.step)),  # type: ignore[arg-type]  # a choice
            coloured=controls.coloured == "severity",
            axes=controls.axes or "",
            other=other or _alike(screen, others),
        )


def _controls(values: tuple[Any, ...]) -> Controls:
    controls = Controls(*values)
    return replace(controls, operations=tuple(controls.operations or ()), kinds=tuple(controls.kinds or ()))


def _filter(controls: Controls) -> Filter:
    """Raises StatisticsError for layers that are none."""
    return Filter(
        operations=read_operations(controls.operations), layers=read_layers(controls.layers), kinds=controls.kinds
    )


def _alike(screen: StoredScreen, others: list[StoredScreen]) -> StoredScreen | None:
    """The screen to compare with where none is chosen: one of the same plan, if there is one."""
    return next((other for other in others if other.plan == screen.plan), others[0] if others else None)


def _window(edges: list[list[int]] | None) -> Window | None:
    """As a figure's `layout.meta` tells it."""
    return None if edges is None else Window(rows=range(*edges[0]), columns=range(*edges[1]))


def _linked(said: Mapping[str, str]) -> Controls:
    """What an address says; what is none of our choices is as if it were not said."""

    def one_of(name: str, choices: Iterable[str], default: str) -> str:
        value = said.get(name, "")
        return value if value in choices else default

    step = said.get("step", "")
    return Controls(
        model=said.get("model"),
        screen=said["screen"],
        operations=tuple(name for name in said.get("operations", "").split(",") if name in OPERATIONS),
        layers=said.get("layers", ""),
        kinds=tuple(filter(None, said.get("kinds", "").split(","))),
        matrix=said.get("matrix"),
        view=one_of("view", TABS, "Overview"),
        measure=one_of("measure", dict(MEASURES).values(), "nonsilent"),
        coloured=one_of("coloured", ("operation", "severity"), "operation"),
        severity=one_of("severity", dict(SEVERITIES).values(), "cosine"),
        step=int(step) if step in ("1", "2", "3", "4") else 0,
        axes=said.get("axes"),
        other=said.get("other"),
    )


def _address(controls: Controls, asked: Asked, model: str) -> str:
    """The filters, and what the open tab's own controls say."""
    of_view: dict[str, dict[str, object]] = {
        "Overview": {"measure": controls.measure},
        "NSM map": {"coloured": controls.coloured, "severity": controls.severity, "step": int(controls.step)},
        "Rows and columns": {"axes": asked.axes},
        "Compare": {"other": asked.other.key if asked.other else ""},
    }
    said = {
        "screen": asked.screen.key,
        "view": controls.view,
        "model": "" if model == ALL else model,
        "operations": ",".join(asked.chosen.operations),
        "layers": format_layers(asked.chosen.layers),
        "kinds": ",".join(asked.chosen.kinds),
        "matrix": asked.matrix,
        **of_view.get(controls.view, {}),
    }
    return format_query({f"{PREFIX}{name}": value for name, value in said.items() if value})
