"""What the Statistics tab's controls say: read from them and from an address, written to one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from explorer.atlas.pictures.asked import Asked
from explorer.domain.errors import StatisticsError
from explorer.statistics.filters import Filter, chosen_operations, format_layers, read_layers
from explorer.statistics.malignant import MOST_SCORE
from explorer.ui.links import Said, format_query
from explorer.ui.operations import operations_said

PREFIX = "stats_"
CONSOLE = "Console"
"""The one of the tab's own tabs that has no pictures of ours."""
ALL = "all models"

TABS: dict[str, tuple[str, ...]] = {
    "Overview": ("overview", "side_by_side", "by_kind", "by_layer", "distinct_by_layer"),
    "Sheets": ("sheet_layers", "sheet_screens"),
    "NSM map": ("nsm_map",),
    "Rows and columns": ("axes", "stripes"),
    "COPA": ("copa",),
    "Malignant": ("malignant", "malignant_map"),
    "Compare": ("correlations", "site_correlations", "scatter", "overlap", "two_maps"),
    "Texts": ("styles_by_kind", "styles_by_layer", "cosine", "divergence", "scores", "distinct"),
    "First words": ("first_words", "cosine_by_first_word", "word_matrices", "word_map"),
    "Estimates": ("agreement",),
    CONSOLE: (),
}
"""The views of each of the tab's own tabs, see `atlas.pictures`."""

VIEWS = tuple(view for views in TABS.values() for view in views)

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
    ("Destroyed", "destructive"),
)


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
    own: float | None = None
    cosine_limit: float = 0.5
    score_limit: float = 8
    word: str | None = None
    told: str = ""
    """What was not taken of the address that says them; it is told until one of them is changed."""


def read_controls(values: tuple[Any, ...]) -> Controls:
    """What the controls hold, in the order of the fields."""
    controls = Controls(*values)
    return replace(controls, operations=tuple(controls.operations or ()), kinds=tuple(controls.kinds or ()))


def filter_of(controls: Controls) -> Filter:
    """Raises StatisticsError for layers that are none."""
    return Filter(
        operations=chosen_operations(controls.operations), layers=read_layers(controls.layers), kinds=controls.kinds
    )


def linked(said: Said) -> Controls:
    """What an address says; what was not taken of it is noted in `said`."""
    controls = Controls(
        model=said.text("model", None),
        screen=said.text("screen", None),
        operations=operations_said(said),
        layers=said.text("layers", ""),
        kinds=said.some_of("kinds"),
        matrix=said.text("matrix", None),
        view=said.one_of("view", TABS, "Overview"),
        measure=said.one_of("measure", dict(MEASURES).values(), "nonsilent"),
        coloured=said.one_of("coloured", ("operation", "severity"), "operation"),
        severity=said.one_of("severity", dict(SEVERITIES).values(), "cosine"),
        step=said.whole("step", 0, 4, 0),
        axes=said.text("axes", None),
        other=said.text("other", None),
        own=said.number("own", 0, 1e6, None),
        cosine_limit=said.number("cosine_limit", 0, 1, 0.5),
        score_limit=said.whole("score_limit", 0, MOST_SCORE, 8),
        word=said.text("word", None),
    )
    for name in ("sql", "asked"):  # read by the console
        said.text(name, None)
    try:
        read_layers(controls.layers)
    except StatisticsError:
        controls = replace(controls, layers=said.refuse("layers", "which names no layers", "", "all are shown"))
    return controls


def address_of(controls: Controls, asked: Asked, model: str) -> str:
    """The filters, and what the open tab's own controls say."""
    of_view: dict[str, dict[str, object]] = {
        "Overview": {"measure": controls.measure},
        "NSM map": {
            "coloured": controls.coloured,
            "severity": controls.severity,
            "step": int(controls.step),
            "own": "" if controls.own is None else f"{controls.own:g}",
        },
        "Malignant": {"cosine_limit": f"{controls.cosine_limit:g}", "score_limit": f"{controls.score_limit:g}"},
        "First words": {"word": asked.word},
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
