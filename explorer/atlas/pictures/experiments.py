"""Pictures of screens beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of, names_of, other_of, with_rest
from explorer.domain.errors import StatisticsError
from explorer.domain.screened import ordered
from explorer.domain.screens import StoredScreen
from explorer.figures.experiments import correlation_figure, overlap_figure, scatter_figure, side_by_side_figure
from explorer.statistics.experiments import LEAST_POINTS, Coefficient


def correlations(atlas: Atlas, asked: Asked) -> Picture:
    """All screens of the same number of layers."""
    like = [screen for screen in atlas.stored()[0] if screen.layers == asked.screen.layers]
    screens = [screen for screen in like if not screen.is_partial]
    if len(screens) <= 1:
        raise StatisticsError(
            "There are no two whole screens of models of so many layers: run another experiment to compare."
        )
    table = atlas.correlations(screens, asked.chosen)
    sentence = (
        "How alike the layers of two screens are: Pearson's r of the share of non-silent mutants, layer by layer, over "
        f"the matrices that both have; {len(screens)} screens{_left_out(like, screens)}. {_counted('layers')}"
    )
    return _correlated(asked, "correlations", screens, table, sentence)


def site_correlations(atlas: Atlas, asked: Asked) -> Picture:
    """The same, mutant by mutant."""
    with_rest(asked.screen)
    like = [screen for screen in atlas.stored()[0] if screen.model == asked.screen.model]
    screens = [screen for screen in like if screen.has_mutants and not screen.is_partial]
    if len(screens) == 1:
        raise StatisticsError("This is the only whole screen of its model: run another experiment to compare.")
    table = atlas.site_correlations(screens, asked.chosen)
    sentence = (
        "Whether the same mutants are non-silent in two screens: φ over all that both screened, of the same model; "
        f"{len(screens)} screens{_left_out(like, screens)}. {_counted('mutants')}"
    )
    return _correlated(asked, "site_correlations", screens, table, sentence)


def _left_out(like: Sequence[StoredScreen], screens: Sequence[StoredScreen]) -> str:
    missing = len(like) - len(screens)
    return f" ({missing} that list some mutants or counts alone are left out)" if missing else ""


def _counted(what: str) -> str:
    known = f"In brackets the {what}; of fewer than {LEAST_POINTS}, or all alike, none is told."
    return f"{known} Click a cell to compare its two."


def _correlated(
    asked: Asked, view: str, screens: Sequence[StoredScreen], table: Sequence[Sequence[Coefficient]], sentence: str
) -> Picture:
    names = names_of(screens)
    figure = correlation_figure(names, [screen.key for screen in screens], table, meta=meta_of(asked, view))
    rows = [
        {"screen": first, "other": second, "r": cell.value, "n": cell.count}
        for first, line in zip(names, table, strict=True)
        for second, cell in zip(names, line, strict=True)
    ]
    data = pl.DataFrame(rows, schema={"screen": pl.String, "other": pl.String, "r": pl.Float64, "n": pl.Int64})
    return Picture(figure=figure, sentence=sentence, data=data)


def side_by_side(atlas: Atlas, asked: Asked) -> Picture:
    """All experiments and models: the non-silent mutants of each screen."""
    screens = [screen for screen in atlas.stored()[0] if not screen.is_partial]
    if not screens:
        raise StatisticsError("Only screens that list some of their mutants are stored: there is no total to compare.")
    totals = atlas.totals(screens)
    experiments = Counter((screen.model, screen.experiment) for screen in screens)
    long = {screen.key: name for model in dict.fromkeys(screen.model for screen in screens)
            for screen, name in _named([each for each in screens if each.model == model])}  # fmt: skip
    rows = [
        {
            "model": screen.model,
            "name": screen.experiment if experiments[screen.model, screen.experiment] == 1 else long[screen.key],
            "key": screen.key,
            **found,
        }
        for screen, found in zip(screens, totals, strict=True)
    ]
    rows.sort(key=lambda row: str(row["model"]))
    figure = side_by_side_figure(rows, meta=meta_of(asked, "side_by_side"))
    models = len({screen.model for screen in screens})
    left_out = len(atlas.stored()[0]) - len(screens)
    told = f" ({left_out} that list some mutants are left out)" if left_out else ""
    sentence = (
        f"Non-silent mutants of {len(screens)} screens{told} of {models} model{'s' if models > 1 else ''}, by "
        "operation where that is known. Click a bar to look at its screen."
    )
    names = ("model", "name", "nonsilent", "mutants", "phenotypes")
    operations = ordered(name for row in rows for name in row["by_operation"])
    data = pl.DataFrame(
        [
            {**{name: row[name] for name in names}, **{name: row["by_operation"].get(name) for name in operations}}
            for row in rows
        ],
        infer_schema_length=None,
    )
    return Picture(figure=figure, sentence=sentence, data=data)


def _named(screens: Sequence[StoredScreen]) -> Iterator[tuple[StoredScreen, str]]:
    """Screens of one model with their names."""
    return zip(screens, names_of(screens), strict=True)


def scatter(atlas: Atlas, asked: Asked) -> Picture:
    """Two screens layer by layer."""
    other = other_of(asked)
    for screen in (asked.screen, other):
        if screen.is_partial:
            with_rest(screen)
    pair = atlas.correlation(asked.screen, other, asked.chosen)
    if pair.points.is_empty():
        raise StatisticsError("These two screens have no matrix and operation in common.")
    count = pair.coefficient.count
    if pair.r is not None:
        r = f"r = {pair.r:.3f}, R² = {pair.r_squared:.4f} (n = {count} layers)"
    elif count < LEAST_POINTS:
        r = f"n = {count} layers, too few for a correlation ({LEAST_POINTS} at least)"
    else:
        r = f"n = {count} layers, no correlation: one of the two is the same in all of them"
    what = "shares of non-silent mutants" if pair.has_shares else "numbers of non-silent mutants"
    first, second = names_of([asked.screen, other])
    figure = scatter_figure(pair, (first, second), meta=meta_of(asked, "scatter"))
    sentence = f"A point is a layer, by its {what} in both screens: {r}."
    numbers = {"r": pair.r, "r_squared": pair.r_squared, "n": count}
    return Picture(figure=figure, sentence=sentence, data=pair.points, numbers=numbers)


def overlap(atlas: Atlas, asked: Asked) -> Picture:
    """The non-silent mutations that two screens share."""
    other = other_of(asked)
    with_rest(asked.screen, other)
    found = atlas.overlap(asked.screen, other, asked.chosen)
    first, second = names_of([asked.screen, other])
    figure = overlap_figure(found, (first, second), meta=meta_of(asked, "overlap"))
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
