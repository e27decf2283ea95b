"""The tab Gallery: everything that mutants of the stored screens say, to look through."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from secrets import randbelow
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.cards import Gallery
from explorer.errors import ExplorerError, StatisticsError
from explorer.statistics.filters import read_layers, read_operations
from explorer.store.gallery import Order, Span, Wanted
from explorer.store.summaries import OPERATIONS
from explorer.ui.components.address import Address
from explorer.ui.components.card_grid import CardGrid
from explorer.ui.doors import Doors
from explorer.ui.events import QUIETLY
from explorer.ui.gallery import SORT_NAMES, alike_message, choices_of, page_message, surprise_message, told_html
from explorer.ui.handlers import Handlers
from explorer.ui.links import format_query
from explorer.ui.session import Exploration
from explorer.ui.statistics import missing_html
from explorer.ui.summary import notice_html
from explorer.ui.tabs.explore import ExploreTab, run_arguments

if TYPE_CHECKING:
    from explorer.store.queries import StoredScreen

PREFIX = "gallery_"
MOST_ALIKE = 48
"""Cards of a group that are shown."""
EMPTY = Gallery([], 0)
DRAWN_COUNT = 8
"""How many components `GalleryHandlers.draw` updates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the tab's controls say; as `GalleryTab.asked`, in its order."""

    of: str | None = None
    """The key of a screen, or the name of a shelf."""
    sort: str = "mutants-falling"
    words: str = ""
    styles: tuple[str, ...] = ()
    grouped: bool = False
    operations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    layers: str = ""
    destroyed: str = "all"
    least_cosine: str = ""
    most_cosine: str = ""
    least_perplexity: str = ""
    most_perplexity: str = ""
    least_mutants: str = ""
    least_score: str = ""


NAMES = tuple(field.name for field in fields(Controls))
_MANY = ("styles", "operations", "kinds", "experiments")
_NUMBERS = tuple(name for name in NAMES if name.startswith(("least_", "most_")))


@dataclass(frozen=True, slots=True)
class GalleryTab:
    """The components."""

    controls: dict[str, Any]
    """By the names of `Controls`."""
    surprise: gr.Button
    clear: gr.Button
    notice: gr.HTML
    behind: gr.HTML
    """The mutant that was clicked last, if it cannot be run."""
    told: gr.HTML
    grid: CardGrid
    address: Address

    @property
    def asked(self) -> list[Any]:
        """What a page is made of."""
        return [self.controls[name] for name in NAMES]

    @property
    def drawn(self) -> list[Any]:
        """What `GalleryHandlers.draw` updates, in its order."""
        offered = [self.controls[name] for name in ("of", "styles", "kinds", "experiments")]
        return [*offered, self.notice, self.told, self.grid, self.address]


def build() -> GalleryTab:
    """Lay the tab out."""
    controls: dict[str, Any] = {}
    with gr.Group(elem_classes="card filters"):
        with gr.Row(elem_classes="filter-row"):
            controls["of"] = gr.Dropdown(label="What mutants said in", choices=[], value=None, scale=4, min_width=260)
            controls["sort"] = gr.Dropdown(
                label="Sorted by",
                choices=[(name, key) for key, name in SORT_NAMES.items()],
                value="mutants-falling",
                scale=2,
                min_width=190,
            )
            controls["words"] = gr.Textbox(
                label="Words in the text", placeholder="ocean poem", max_lines=1, scale=3, min_width=180
            )
            surprise = gr.Button("Surprise me", variant="primary", size="md", min_width=120, scale=0)
        controls["styles"] = gr.CheckboxGroup(label="Styles (none: all)", choices=[], value=[], elem_classes="pills")
        with gr.Row(elem_classes="filter-row gallery-switches"):
            controls["grouped"] = gr.Checkbox(
                label="Group alike: one card for nearly equal texts", value=False, scale=0, min_width=290
            )
            clear = gr.Button("Clear filters", size="sm", min_width=100, scale=0, elem_classes="quiet")
        controls |= _build_more()
        notice = gr.HTML(apply_default_css=False)
    behind = gr.HTML(apply_default_css=False, elem_classes="gallery-behind")
    told = gr.HTML(
        '<p class="caption busy">Reading the screens …</p>', apply_default_css=False, elem_classes="gallery-told"
    )
    return GalleryTab(
        controls=controls,
        surprise=surprise,
        clear=clear,
        notice=notice,
        behind=behind,
        told=told,
        grid=CardGrid(elem_classes="gallery-cards"),
        address=Address(prefix=PREFIX),
    )


def _build_more() -> dict[str, Any]:
    """The filters that are asked for less often."""
    more: dict[str, Any] = {}
    with gr.Accordion("More filters", open=False, elem_classes="decoding"):
        with gr.Row(elem_classes="filter-row"):
            more["operations"] = gr.CheckboxGroup(
                label="Set to (none: all)", choices=list(OPERATIONS), value=[], elem_classes="pills", min_width=190
            )
            more["kinds"] = gr.Dropdown(
                label="In kinds of matrix (none: all)", choices=[], value=[], multiselect=True, min_width=170
            )
            more["layers"] = gr.Textbox(label="In layers", placeholder="all; or 0-5, 11", max_lines=1, min_width=110)
            more["experiments"] = gr.Dropdown(
                label="Asked (none: all)", choices=[], value=[], multiselect=True, min_width=170
            )
            more["destroyed"] = gr.Radio(
                label="Destroyed (loops, gibberish, overflow)",
                choices=[("All", "all"), ("Only", "yes"), ("None", "no")],
                value="all",
                elem_classes="pills",
                min_width=190,
            )
        with gr.Row(elem_classes="filter-row"):
            for name, label in (
                ("least_cosine", "Cosine from"), ("most_cosine", "Cosine to"),
                ("least_perplexity", "Perplexity from"), ("most_perplexity", "Perplexity to"),
                ("least_mutants", "Shared by at least"), ("least_score", "Right answers, at least"),
            ):  # fmt: skip
                more[name] = gr.Textbox(label=label, placeholder="any", max_lines=1, min_width=110)
    return more


def wire(tab: GalleryTab, opened: Any, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, handlers: Handlers) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at, `page_load` that of the page."""
    own = GalleryHandlers(handlers)
    opened(own.draw, tab.asked, tab.drawn, **QUIETLY)
    for name, component in tab.controls.items():
        if name == "layers" or name in _NUMBERS:
            for event in (component.submit, component.blur):
                event(own.draw, tab.asked, tab.drawn, **QUIETLY)
        else:  # a text box misses some deletions as `input`
            event = component.change if name == "words" else component.input
            event(own.draw, tab.asked, tab.drawn, trigger_mode="always_last", **QUIETLY)
    tab.clear.click(own.clear, tab.asked, [*tab.asked, *tab.drawn], **QUIETLY)
    tab.surprise.click(own.surprise, tab.asked, [tab.notice, tab.grid], **QUIETLY)
    tab.grid.more(own.more, tab.asked, [tab.notice, tab.grid], **QUIETLY)
    tab.grid.alike(own.alike, tab.asked, [tab.notice, tab.grid], **QUIETLY)
    tab.grid.open(
        own.open,
        [explore.exploration],
        [tab.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
        **QUIETLY,
    ).then(**run_arguments(explore, handlers))
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    page_load(own.read_link, None, [tabs, *tab.asked, *tab.drawn], **QUIETLY)


class GalleryHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._atlas = handlers.workspace.atlas
        self._doors = Doors(handlers)

    def draw(self, *values: Any) -> list[Any]:
        """Updates of `GalleryTab.drawn`: the first page, and what can be chosen."""
        return self._draw(_controls(values))

    def clear(self, *values: Any) -> list[Any]:
        """Forget the filters; how it is sorted stays."""
        controls = _controls(values)
        cleared = Controls(of=controls.of, sort=controls.sort, grouped=controls.grouped)
        return [*_values(cleared), *self._draw(cleared)]

    def more(self, event: gr.EventData, *values: Any) -> list[Any]:
        """The next page: notice and cards."""
        controls, start = _controls(values), int(event.start)
        try:
            found = self._atlas.gallery(controls.of or "", wanted_of(controls), order_of(controls), start=start)
        except ExplorerError as fault:
            return [notice_html(str(fault)), gr.skip()]
        return ["", page_message(found, start)]

    def alike(self, event: gr.EventData, *values: Any) -> list[Any]:
        """The texts of a group: notice and cards."""
        screen, cluster = str(event.screen), int(event.cluster)
        try:
            found = self._atlas.alike(screen, cluster, wanted_of(_controls(values)), MOST_ALIKE)
        except ExplorerError as fault:
            return [notice_html(str(fault)), gr.skip()]
        return ["", alike_message(found, screen, cluster)]

    def surprise(self, *values: Any) -> list[Any]:
        """One text, the odd ones first: notice and card."""
        controls, draw = _controls(values), randbelow(1 << 48)
        try:
            card = self._atlas.surprise(controls.of or "", wanted_of(controls), draw)
        except ExplorerError as fault:
            return [notice_html(str(fault)), gr.skip()]
        return ["", surprise_message(card, draw)]

    def open(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A card was opened: its mutant in Explore, or what the database has of it where that cannot be run."""
        behind, tabs, *others = self._doors.open(exploration, event, request)
        return ["" if tabs != gr.skip() else behind, tabs, *others]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Gallery" else "?"

    def read_link(self, request: gr.Request) -> list[Any]:
        """The page was opened: show what its address says, if it is of this tab."""
        said = {
            name.removeprefix(PREFIX): value for name, value in request.query_params.items() if name.startswith(PREFIX)
        }
        if "of" not in said:
            return [gr.skip()] * (1 + len(NAMES) + DRAWN_COUNT)
        controls = _linked(said)
        return [gr.Tabs(selected="gallery"), *_values(controls), *self._draw(controls)]

    def _draw(self, controls: Controls) -> list[Any]:
        try:
            with self._atlas.held():
                return self._drawn(controls)
        except ExplorerError as fault:
            return [*[gr.skip()] * 4, notice_html(str(fault)), *[gr.skip()] * 3]

    def _drawn(self, controls: Controls) -> list[Any]:
        screens = self._atlas.with_texts()
        choices = choices_of(screens)
        if not choices:
            told = missing_html(
                "No screen has kept its texts yet: run one in the tab Screen that finds out the whole text, and what "
                "its mutants say appears here."
            )
            return [*[gr.skip()] * 4, "", told, page_message(EMPTY, 0), gr.skip()]
        keys = [key for _, key in choices]
        is_missing = controls.of not in (None, *keys)
        fault = f"There are no texts of {controls.of} here: these are of others." if is_missing else ""
        of = keys[0] if is_missing else controls.of or keys[0]
        controls = replace(controls, of=of)
        wanted, order = wanted_of(controls), order_of(controls)
        found = self._atlas.gallery(of, wanted, order)
        told = told_html(found.total, wanted, controls.sort, is_grouped=order.is_grouped)
        asked = [screen for screen in screens if of in (screen.shelf, screen.key)]
        return [
            gr.update(choices=choices, value=of),
            *self._choices(controls, asked),
            notice_html(fault),
            told,
            page_message(found, 0),
            _address(controls),
        ]

    def _choices(self, controls: Controls, screens: list[StoredScreen]) -> list[Any]:
        """Styles with their counts, kinds and experiments."""
        of = str(controls.of)
        counts, kinds = self._atlas.phenotype_filters(of)
        styles = [(f"{name} {count:,}", name) for name, count in counts.items()]
        experiments = list({screen.experiment: screen.title for screen in screens}.items())
        return [
            gr.update(choices=styles, value=list(controls.styles)),
            gr.update(choices=kinds, value=[kind for kind in controls.kinds if kind in kinds]),
            gr.update(
                choices=[(title, name) for name, title in experiments],
                value=[name for name in controls.experiments if name in dict(experiments)],
            ),
        ]


def wanted_of(controls: Controls) -> Wanted:
    """Raises StatisticsError for layers, operations or numbers that are none."""
    numbers = {name: _number(getattr(controls, name)) for name in _NUMBERS}
    score = numbers["least_score"]
    return Wanted(
        styles=controls.styles,
        operations=read_operations(controls.operations),
        kinds=controls.kinds,
        layers=read_layers(controls.layers),
        experiments=controls.experiments,
        cosine=Span(numbers["least_cosine"], numbers["most_cosine"]),
        perplexity=Span(numbers["least_perplexity"], numbers["most_perplexity"]),
        least_mutants=max(1, int(numbers["least_mutants"] or 1)),
        destructive={"yes": True, "no": False}.get(controls.destroyed),
        least_score=None if score is None else int(score),
        words=controls.words,
    )


def _number(text: str) -> float | None:
    """None for nothing. Raises StatisticsError for what is no number from 0."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise StatisticsError(f"'{text.strip()}' is no number from 0 on: write one such as 0.5, or nothing for all.")
    return value


def order_of(controls: Controls) -> Order:
    """How the cards are sorted."""
    sort, _, direction = controls.sort.partition("-")
    return Order(sort=sort, is_rising=direction == "rising", is_grouped=controls.grouped)  # type: ignore[arg-type]  # a choice


def _controls(values: tuple[Any, ...]) -> Controls:
    controls = Controls(**dict(zip(NAMES, values, strict=True)))
    many: dict[str, Any] = {name: tuple(getattr(controls, name) or ()) for name in _MANY}
    typed: dict[str, Any] = {name: getattr(controls, name) or "" for name in ("words", "layers", *_NUMBERS)}
    return replace(controls, **many, **typed)


def _values(controls: Controls) -> list[Any]:
    """As the components take them."""
    values = [getattr(controls, name) for name in NAMES]
    return [list(value) if isinstance(value, tuple) else value for value in values]


def _linked(said: Mapping[str, str]) -> Controls:
    """What an address says; what is none of our choices is as if it were not said."""
    default = Controls()
    many: dict[str, Any] = {name: tuple(filter(None, said.get(name, "").split(","))) for name in _MANY}
    many["operations"] = tuple(name for name in many["operations"] if name in OPERATIONS)
    numbers: dict[str, Any] = {name: said.get(name, "") for name in _NUMBERS}
    return Controls(
        of=said["of"],
        sort=said["sort"] if said.get("sort") in SORT_NAMES else default.sort,
        words=said.get("words", ""),
        grouped=said.get("grouped") == "1",
        layers=said.get("layers", ""),
        destroyed=said["destroyed"] if said.get("destroyed") in ("yes", "no") else default.destroyed,
        **many,
        **numbers,
    )


def _address(controls: Controls) -> str:
    """What differs from the page as it opens, and what is looked through."""
    default = Controls()
    said: dict[str, object] = {"of": controls.of}
    for name in NAMES:
        value = getattr(controls, name)
        if value != getattr(default, name):
            said[name] = ",".join(value) if isinstance(value, tuple) else int(value) if value is True else value
    return format_query({f"{PREFIX}{name}": value for name, value in said.items()})
