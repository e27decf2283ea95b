"""The pictures of the statistics: each with a sentence that says what to see and how it is computed, and its data.

A picture is a function from the atlas and what is asked to a `Picture`; it raises ExplorerError, in a sentence, where
the stored screens do not allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from explorer.atlas import Atlas
from explorer.errors import StatisticsError
from explorer.figures import statistics as figures
from explorer.figures.nsm import copa_figure, nsm_figure, pair_figure
from explorer.statistics.axes import Axis, Clustering
from explorer.statistics.filters import Filter
from explorer.statistics.overview import MEASURES, value_column
from explorer.statistics.severity import MEASURES as MEASURED
from explorer.statistics.severity import Severity
from explorer.store.maps import Window
from explorer.store.queries import StoredScreen, unit_told

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a picture is asked to show."""

    screen: StoredScreen
    chosen: Filter = field(default_factory=Filter)
    measure: str = "nonsilent"
    """Of the overview, see `statistics.overview.MEASURES`."""
    matrix: str = ""
    severity: Severity = field(default_factory=Severity)
    coloured: bool = False
    """Whether the severity gives the colours of the map."""
    window: Window | None = None
    axes: str = ""
    """Kind and axis whose stripes are shown, such as `v column`; empty: the most sensitive."""
    other: StoredScreen | None = None
    """The screen that is put beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is shown."""

    figure: go.Figure
    sentence: str
    """In plain text."""
    data: pl.DataFrame
    """The numbers that are drawn."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """Those that the sentence tells."""


def draw(view: str, atlas: Atlas, asked: Asked) -> Picture:
    """The picture of that name. Raises ExplorerError."""
    with atlas.held():
        return PICTURES[view](atlas, asked)


def _meta(asked: Asked, view: str) -> dict[str, object]:
    return {"screen": asked.screen.key, "view": view}


def overview(atlas: Atlas, asked: Asked) -> Picture:
    """All matrices at a glance."""
    seen = atlas.overview(asked.screen, asked.chosen, has_phenotypes=True)
    (whole,) = seen.whole.to_dicts()
    column, meaning = value_column(asked.measure), MEASURES[asked.measure]
    if column == "nonsilent_share" and seen.cells[column].null_count() == len(seen.cells):
        column, meaning = "nonsilent", "non-silent mutants"  # it is not known how many mutants there were
    has_texts = bool(whole["phenotypes"] or not whole["nonsilent"])
    needs_texts = asked.measure in ("phenotypes", "destructive")
    if seen.cells[column].null_count() == len(seen.cells) or (needs_texts and not has_texts):
        raise StatisticsError(f"This screen did not measure that ({MEASURES[asked.measure]}): choose another measure.")
    controls = seen.controls.select(pl.col("mutants", "nonsilent").sum()).to_dicts()[0]
    of_mutants = f" of {whole['mutants']:,}" if whole["mutants"] else ""
    said = f"{whole['nonsilent']:,}{of_mutants} mutants are non-silent"
    if whole["phenotypes"]:
        said += f" and say {whole['phenotypes']:,} different things"
    if controls["mutants"]:
        said += f"; of {controls['mutants']:,} controls, which change nothing, {controls['nonsilent']:,} are not silent"
    sentence = (
        f"{meaning[0].upper()}{meaning[1:]} of each matrix; above and to the right that of layers and kinds. "
        f"{said}. Click a cell for its strongest mutant."
    )
    figure = figures.overview_figure(seen, column, meta=_meta(asked, "overview"))
    numbers = {**whole, "controls": controls["mutants"], "failed_controls": controls["nonsilent"]}
    return Picture(figure=figure, sentence=sentence, data=seen.cells, numbers=numbers)


def by_kind(atlas: Atlas, asked: Asked) -> Picture:
    """Counts of the kinds."""
    return _counts(atlas, asked, "kind")


def by_layer(atlas: Atlas, asked: Asked) -> Picture:
    """Counts of the layers."""
    return _counts(atlas, asked, "layer")


def _counts(atlas: Atlas, asked: Asked, by: str) -> Picture:
    seen = atlas.overview(asked.screen, asked.chosen)
    figure = figures.counts_figure(seen, by, meta=_meta(asked, f"by_{by}"))
    total = int(seen.by_operation["nonsilent"].sum())
    sentence = f"Non-silent mutants by {by}, max, min and zero apart: {total:,} in all."
    data = seen.by_operation.group_by(by, "operation").agg(pl.col("mutants", "nonsilent").sum()).sort(by, "operation")
    return Picture(figure=figure, sentence=sentence, data=data)


def nsm_map(atlas: Atlas, asked: Asked) -> Picture:
    """The map of one matrix."""
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    drawn = atlas.map(asked.screen, matrix, asked.window, asked.severity.bound)
    cells = asked.chosen.rows(drawn.cells)
    if cells.is_empty():
        raise StatisticsError(f"No mutant of {matrix} is stored, or the filters leave none: choose another matrix.")
    measured = int(cells[asked.severity.measure].count())
    if not measured and (asked.severity.step or asked.coloured):
        raise StatisticsError(f"This screen did not measure that ({MEASURED[asked.severity.measure]}): choose another.")
    figure = nsm_figure(drawn, asked.chosen, asked.severity, coloured=asked.coloured, meta=_meta(asked, "nsm_map"))
    gathered = atlas.clustering(asked.screen, matrix, asked.chosen)
    mutants, loud = int(cells["mutants"].sum()), int(cells["shown"].sum())
    pooled = f" A cell is {drawn.cell} × {drawn.cell} units: zoom in for single ones." if drawn.cell > 1 else ""
    sentence = (
        f"{matrix}: {loud:,} of {mutants:,} mutants shown ({asked.severity.told()}); the bars count them by row and "
        f"column.{pooled} {_gathered(gathered)}"
    )
    numbers = {
        "matrix": matrix,
        "mutants": mutants,
        "shown": loud,
        "clustering": [asdict(each) for each in gathered or ()],
    }
    return Picture(figure=figure, sentence=sentence, data=cells, numbers=numbers)


def _gathered(found: tuple[Clustering, Clustering] | None) -> str:
    if found is None:
        return ""
    told = " and ".join(f"in {each.axis}s {each.dispersion:.1f} times (p {_p(each.p, each.times)})" for each in found)
    return f"Compared with units strewn at random, the counts spread {told}."


def _p(value: float, times: int) -> str:
    least = 1 / (1 + times) if times else 1.0
    return f"≤ {least:.2g}" if value <= least else f"= {value:.2g}"


def copa(atlas: Atlas, asked: Asked) -> Picture:
    """The map rearranged."""
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    drawn, pattern = atlas.copa(asked.screen, matrix)
    told = []
    for each in pattern.by_axis:
        if each.correlation is None:
            told.append(f"over {each.axis}s it is not defined")
        else:
            told.append(f"over {each.axis}s r = {each.correlation:+.2f} (p {_p(each.p, each.times)})")
    phi = "" if pattern.phi is None else f", φ = {pattern.phi:+.2f}"
    sentence = (
        f"{matrix}, rows and columns sorted by max less min NSMs. Correlation of the two counts: {', '.join(told)}; "
        f"negative means complementary. {pattern.both:,} units answer to both; {pattern.expected:,.0f} would by "
        f"chance{phi}."
    )
    rank = {
        name: pl.DataFrame({name: order, f"{name}_rank": range(len(order))}, schema_overrides={name: pl.UInt32})
        for name, order in (("down", pattern.rows), ("across", pattern.columns))
    }
    data = drawn.cells.join(rank["down"], on="down").join(rank["across"], on="across")
    figure = copa_figure(drawn, pattern, meta=_meta(asked, "copa"))
    numbers = {
        "matrix": matrix,
        "by_axis": [asdict(each) for each in pattern.by_axis],
        "both": pattern.both,
        "expected": pattern.expected,
        "phi": pattern.phi,
    }
    return Picture(figure=figure, sentence=sentence, data=data, numbers=numbers)


def axes(atlas: Atlas, asked: Asked) -> Picture:
    """The most sensitive rows and columns."""
    found = atlas.axes(asked.screen, asked.chosen)
    best = found.row(0, named=True)
    agreeing = int((found["p"] < 0.05).sum())  # noqa: PLR2004  # the usual level
    sentence = (
        f"Rows (blue) and columns (red) of units, over all layers: {best['kind']} {best['axis']} {best['place']} "
        f"stands out most, among the top twentieth in {best['layers']} of {best['of_layers']} layers. {agreeing:,} of "
        f"{len(found):,} have p < 0.05: the layers agree on them more than if each layer's counts were "
        "shuffled (exact, times the number of places)."
    )
    figure = figures.axes_figure(found, meta=_meta(asked, "axes"))
    return Picture(figure=figure, sentence=sentence, data=found)


def stripes(atlas: Atlas, asked: Asked) -> Picture:
    """One kind's rows or columns in all layers."""
    names = axis_names(atlas, asked)
    kind, _, axis = (asked.axes if asked.axes in names else names[0]).rpartition(" ")
    name: Axis = "row" if axis == "row" else "column"
    shares, layers = atlas.stripes(asked.screen, kind, name, asked.chosen)
    figure = figures.stripes_figure(shares, layers, kind, name, meta=_meta(asked, "stripes"))
    sentence = (
        f"Share of non-silent mutants in each {name} of {kind} in {len(layers)} layers: a stripe is one they share."
    )
    wide = pl.DataFrame(shares, schema=[str(place) for place in range(shares.shape[1])]).with_columns(
        layer=pl.Series(layers)
    )
    data = wide.unpivot(index="layer", variable_name="place", value_name="share").cast({"place": pl.Int64})
    return Picture(figure=figure, sentence=sentence, data=data.sort("layer", "place"))


def axis_names(atlas: Atlas, asked: Asked) -> list[str]:
    """Kinds and axes, that of the most sensitive place first."""
    found = atlas.axes(asked.screen, asked.chosen)
    return list(dict.fromkeys(f"{row['kind']} {row['axis']}" for row in found.iter_rows(named=True)))


def correlations(atlas: Atlas, asked: Asked) -> Picture:
    """All screens of the same number of layers."""
    screens = [screen for screen in atlas.stored()[0] if screen.layers == asked.screen.layers]
    if len(screens) == 1:
        raise StatisticsError(
            "This is the only screen of a model of so many layers: run another experiment to compare."
        )
    table = atlas.correlations(screens, asked.chosen)
    names = names_of(screens)
    figure = figures.correlation_figure(
        names, [screen.key for screen in screens], table, meta=_meta(asked, "correlations")
    )
    sentence = (
        "How alike the layers of two screens are: Pearson's r of the share of non-silent mutants, layer by layer, over "
        f"the matrices that both have; {len(screens)} screens. Click a cell to compare its two."
    )
    columns = {f"{number}: {name}": list(line) for number, (name, line) in enumerate(zip(names, table, strict=True), 1)}
    data = pl.DataFrame({"screen": names} | columns, strict=False)
    return Picture(figure=figure, sentence=sentence, data=data)


def scatter(atlas: Atlas, asked: Asked) -> Picture:
    """Two screens layer by layer."""
    other = _other(asked)
    pair = atlas.correlation(asked.screen, other, asked.chosen)
    if pair.points.is_empty():
        raise StatisticsError("These two screens have no matrix and operation in common.")
    r = "too few layers for a correlation" if pair.r is None else f"r = {pair.r:.2f}, R² = {pair.r_squared:.2f}"
    first, second = names_of([asked.screen, other])
    figure = figures.scatter_figure(pair, (first, second), meta=_meta(asked, "scatter"))
    sentence = (
        f"A point is a layer, by its shares of non-silent mutants in both screens: {len(pair.points)} layers, {r}."
    )
    return Picture(
        figure=figure, sentence=sentence, data=pair.points, numbers={"r": pair.r, "r_squared": pair.r_squared}
    )


def overlap(atlas: Atlas, asked: Asked) -> Picture:
    """The non-silent mutations that two screens share."""
    other = _other(asked)
    found = atlas.overlap(asked.screen, other, asked.chosen)
    first, second = names_of([asked.screen, other])
    figure = figures.overlap_figure(found, (first, second), meta=_meta(asked, "overlap"))
    share = "" if found.jaccard is None else f" ({100 * found.jaccard:.0f} % of all that either has)"
    sentence = (
        f"Of {found.screened:,} mutations that both screened, {found.shared:,} are non-silent in both{share}; "
        f"{found.expected:,.0f} would be if the two were independent."
    )
    data = pl.DataFrame(
        {
            "screened": [found.screened],
            "shared": [found.shared],
            "only_first": [found.only_first],
            "only_second": [found.only_second],
            "expected": [found.expected],
        }
    )
    return Picture(figure=figure, sentence=sentence, data=data)


def two_maps(atlas: Atlas, asked: Asked) -> Picture:
    """The same matrix in two screens."""
    other = _other(asked)
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    maps = [atlas.map(screen, matrix, bound=asked.severity.bound) for screen in (asked.screen, other)]
    if any(drawn.cells.is_empty() for drawn in maps):
        raise StatisticsError(f"One of these screens keeps no mutants of {matrix}: choose another matrix.")
    names = names_of([asked.screen, other])
    meta = {**_meta(asked, "two_maps"), "other": other.key}
    figure = pair_figure(maps, names, asked.chosen, asked.severity, meta=meta)
    linked = "zoom one and the other follows, point at a cell and both tell"
    if not figure.layout.meta["linked"]:
        linked = "their grids differ, so each is zoomed by itself"
    sentence = f"{matrix} in both screens ({asked.severity.told()}): {linked}."
    data = pl.concat([drawn.cells.with_columns(screen=pl.lit(name)) for drawn, name in zip(maps, names, strict=True)])
    return Picture(figure=figure, sentence=sentence, data=data)


def cosine(atlas: Atlas, asked: Asked) -> Picture:
    """How far the texts are from the standard output."""
    counted = atlas.histogram(asked.screen, "cosine", asked.chosen)
    total = _some(counted)
    far = int(counted.filter(pl.col("bin") < 10)["mutants"].sum())  # noqa: PLR2004  # of twenty bins, half
    figure = figures.histogram_figure(counted, "cosine", meta=_meta(asked, "cosine"))
    sentence = (
        f"Cosine similarity of the words of {total:,} non-silent mutants with those of the standard output: "
        f"{far / total:.0%} lie below 0.5."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def divergence(atlas: Atlas, asked: Asked) -> Picture:
    """Where the texts part."""
    counted = atlas.histogram(asked.screen, "first_divergence", asked.chosen)
    total = _some(counted)
    first = int(counted.filter(pl.col("bin") == 0)["mutants"].sum())
    figure = figures.histogram_figure(counted, "first_divergence", meta=_meta(asked, "divergence"))
    if asked.screen.task is not None:
        figure.update_layout(xaxis_title_text="question, counted from 0, that is answered otherwise first")
        sentence = (
            f"The first question that {total:,} non-silent mutants answer otherwise than the standard; the first "
            f"{len(asked.screen.task.right)} are those that it gets right."
        )
        return Picture(figure=figure, sentence=sentence, data=counted)
    sentence = (
        f"The token at which {total:,} non-silent mutants part from the standard output: {first / total:.0%} do at the "
        "first."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def scores(atlas: Atlas, asked: Asked) -> Picture:
    """How many of a task's questions are answered right."""
    counted = atlas.histogram(asked.screen, "score", asked.chosen)
    total = int(counted["mutants"].sum())
    if not total:
        raise StatisticsError("This screen asked no questions: choose one on a task, or start one in the tab Screen.")
    figure = figures.histogram_figure(counted, "score", meta=_meta(asked, "scores"))
    sentence = f"Right answers of {total:,} non-silent mutants."
    if (task := asked.screen.task) is not None:
        standard, asked_in_all = len(task.right), len(task.right) + len(task.wrong)
        better = int(counted.filter(pl.col("bin") > standard)["mutants"].sum())
        sentence = (
            f"Right answers of {total:,} non-silent mutants to {asked_in_all} questions, of which the standard gets "
            f"{standard}: {better:,} get more. Among so many, some do by chance."
        )
    return Picture(figure=figure, sentence=sentence, data=counted)


def styles_by_kind(atlas: Atlas, asked: Asked) -> Picture:
    """Which kinds give which styles."""
    return _styles(atlas, asked, "kind")


def styles_by_layer(atlas: Atlas, asked: Asked) -> Picture:
    """Which layers give which styles."""
    return _styles(atlas, asked, "layer")


def _styles(atlas: Atlas, asked: Asked, by: str) -> Picture:
    counted = atlas.styles(asked.screen, by, asked.chosen)
    total = _some(counted)
    figure = figures.styles_figure(counted, by, meta=_meta(asked, f"styles_by_{by}"))
    odd = int(counted.filter(pl.col("style").is_in(["poem", "dialogue"]))["mutants"].sum())
    sentence = (
        f"Styles of the texts of {total:,} non-silent mutants by {by}, by the rules of docs/styles.md; the colour "
        f"is the square root of the share, so that rare ones show. {odd:,} are poems or dialogues."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def distinct(atlas: Atlas, asked: Asked) -> Picture:
    """NSMs against distinct phenotypes."""
    cells = atlas.overview(asked.screen, asked.chosen, has_phenotypes=True).cells
    if not cells["phenotypes"].sum():
        raise StatisticsError("This screen kept no texts: run one that finds out the whole text.")
    figure = figures.distinct_figure(cells, meta=_meta(asked, "distinct"))
    sentence = (
        f"A point is one of {len(cells):,} matrices: on the dotted line each NSM says something of its own, below it "
        "many say the same."
    )
    data = cells.select("layer", "kind", "nonsilent", "phenotypes")
    return Picture(figure=figure, sentence=sentence, data=data)


def agreement(atlas: Atlas, asked: Asked) -> Picture:
    """Estimates against measurements."""
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    pairs, rank = atlas.predicted(asked.screen, matrix, asked.chosen)
    if pairs.is_empty():
        raise StatisticsError(
            "This screen keeps no first-order estimates beside its measurements: screens on a background have none."
        )
    layer, _, kind = matrix.partition(".")
    figure = figures.agreement_figure(pairs, int(layer), kind, meta=_meta(asked, "agreement"))
    shown = len(figures.thinned(pairs))
    rho = "not defined" if rank is None else f"{rank:+.2f}"
    sentence = (
        f"{matrix}: change of NLL as one backward pass estimates it, and as it was measured up to where the text "
        f"parts; magnitudes, filled where the text changes. Rank correlation (signed): ρ = {rho}, n = {len(pairs):,}"
        f"{'' if shown == len(pairs) else f', {shown:,} of them drawn'}."
    )
    return Picture(figure=figure, sentence=sentence, data=pairs, numbers={"matrix": matrix, "rank_correlation": rank})


def names_of(screens: Sequence[StoredScreen]) -> list[str]:
    """Screens in a few words each, and none like another."""
    has_models = len({screen.model for screen in screens}) > 1
    names = []
    for screen in screens:
        parts = [screen.experiment, unit_told(screen.plan), screen.background, screen.model if has_models else ""]
        names.append(", ".join(filter(None, parts)))
    return [
        f"{name} ({screen.key})" if names.count(name) > 1 else name for name, screen in zip(names, screens, strict=True)
    ]


def _other(asked: Asked) -> StoredScreen:
    if asked.other is None:
        raise StatisticsError("Choose a second screen to compare with.")
    return asked.other


def _some(counted: pl.DataFrame) -> int:
    total = int(counted["mutants"].sum())
    if not total:
        raise StatisticsError("This screen kept no texts that the filters leave: clear them, or choose another screen.")
    return total


PICTURES: dict[str, Callable[[Atlas, Asked], Picture]] = {
    "overview": overview,
    "by_kind": by_kind,
    "by_layer": by_layer,
    "nsm_map": nsm_map,
    "copa": copa,
    "axes": axes,
    "stripes": stripes,
    "correlations": correlations,
    "scatter": scatter,
    "overlap": overlap,
    "two_maps": two_maps,
    "cosine": cosine,
    "divergence": divergence,
    "scores": scores,
    "styles_by_kind": styles_by_kind,
    "styles_by_layer": styles_by_layer,
    "distinct": distinct,
    "agreement": agreement,
}
"""By name, as figures carry it in their `layout.meta`."""
