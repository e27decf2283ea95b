"""What the stored screens show: for each picture of the statistics its frames, from a screen and a filter.

The page and the command line ask here. Reads the databases of the library; needs no model and no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from explorer.atlas.cards import genotype_of
from explorer.atlas.phenotypes import Phenotypes
from explorer.domain.errors import StatisticsError, StoreError
from explorer.domain.screened import opposed
from explorer.domain.screens import StoredScreen
from explorer.statistics.axes import Axis, Clustering, axis_shares, clustering, sensitive_axes
from explorer.statistics.beginnings import with_usual
from explorer.statistics.copa import Copa, copa
from explorer.statistics.experiments import (
    Coefficient,
    Correlation,
    Overlap,
    correlation,
    correlation_matrix,
    overlap,
    site_matrix,
)
from explorer.statistics.filters import Filter
from explorer.statistics.malignant import Limits, Malignant, malignant
from explorer.statistics.multiplicity import better_than_baseline
from explorer.statistics.overview import Overview, operation_totals, overview
from explorer.statistics.phenotypes import histogram, rank_correlation, styles
from explorer.store.doors import strongest
from explorer.store.library import SHELVES, Library
from explorer.store.maps import Bound, MatrixMap, Window, matrix_map
from explorer.store.measured import beginnings, below
from explorer.store.queries import has_matrix, matrix_shares, screen_report, stored_screens
from explorer.store.scores import scores
from explorer.store.summaries import Bitmap, bitmaps, counts, distinct, distribution, predictions


class ScreenView(NamedTuple):
    """What is shown of a screen, with one of its maps."""

    report: dict[str, Any]
    """See `store.queries.screen_report`."""
    shares: pl.DataFrame
    """See `store.queries.matrix_shares`."""
    matrix: dict[str, Any]
    """The row of `shares` of the matrix that is mapped."""
    map: MatrixMap
    """See `store.maps`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The mutant behind a mark."""

    screen: StoredScreen
    genotype: str
    """With the background of the screen, if it has one."""
    is_silent: bool
    first_divergence: int | None
    text: str | None
    """As it is stored; None if the screen kept none."""
    style: str | None
    score: str | None = None
    """Of a task, such as `14|2`; None of a silent one."""


class Better(NamedTuple):
    """Mutants of a screen on a task that answer more questions right than the standard."""

    mutants: pl.DataFrame
    """The surest first, see `statistics.multiplicity`; column `genotype` has their notation."""
    looked_at: int
    """How many were tested, over which q corrects."""


class Atlas:
    """Reads the stored screens."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.phenotypes = Phenotypes(library, self.stored)
        """What mutants say."""
        self._kept: dict[tuple[str, Filter], pl.DataFrame] | None = None

    def __deepcopy__(self, _memo: object) -> Atlas:
        """Itself, as with `Workspace`: its library cannot be copied."""
        return self

    def stored(self) -> tuple[list[StoredScreen], str]:
        """The screens of both databases, the user's first; and a sentence on a database that cannot be read."""
        found: list[StoredScreen] = []
        faults = []
        for shelf in SHELVES:
            if not self._library.has(shelf):
                continue
            try:
                with self._library.reading(shelf) as connection:
                    found += stored_screens(connection, shelf)
            except StoreError as fault:
                faults.append(str(fault))
        return found, " ".join(faults)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it lasts, the databases stay open from one question to the next, and what is asked again is kept."""
        with self._library.held():
            if self._kept is not None:
                yield
                return
            self._kept = {}
            try:
                yield
            finally:
                self._kept = None

    def screen(self, key: str) -> StoredScreen:
        """The screen of a key. Raises StoreError if it is not there any more."""
        for screen in self.stored()[0]:
            if screen.key == key:
                return screen
        raise StoreError(f"There is no screen {key} any more: choose another.")

    def view(self, screen: StoredScreen, matrix: str) -> ScreenView:
        """A screen, with the map of a matrix: another one, if that has not been screened. Raises StoreError."""
        with self._library.reading(screen.shelf) as connection:
            shares = matrix_shares(connection, screen.screen)
            name = _mapped(shares, matrix)
            if not name:
                raise StoreError("This screen has no matrices: choose another.")
            return ScreenView(
                report=screen_report(connection, screen.screen),
                shares=shares,
                matrix=next(row for row in shares.iter_rows(named=True) if row["name"] == name),
                map=matrix_map(connection, screen.screen, name),
            )

    def matrices(self, screen: StoredScreen) -> pl.DataFrame:
        """See `store.queries.matrix_shares`."""
        with self._library.reading(screen.shelf) as connection:
            return matrix_shares(connection, screen.screen)

    def telling(self, screen: StoredScreen, matrix: str | None = None, chosen: Filter | None = None) -> str:
        """The matrix of that name, if the screen has it; or else one where there is much to see. Raises StoreError.

        One that the filter leaves, if it leaves any.
        """
        layer, _, kind = (matrix or "").partition(".")
        with self._library.reading(screen.shelf) as connection:
            if matrix and has_matrix(connection, screen.screen, matrix) and _leaves(chosen, int(layer), kind):
                return matrix
            shares = matrix_shares(connection, screen.screen)
        left = [_leaves(chosen, row["layer"], row["kind"]) for row in shares.iter_rows(named=True)]
        return _mapped(shares.filter(pl.Series(left, dtype=pl.Boolean)) if any(left) else shares, "")

    def overview(self, screen: StoredScreen, chosen: Filter, *, has_phenotypes: bool = False) -> Overview:
        """See `statistics.overview`; `has_phenotypes` counts those too, which may take longer.

        Raises StatisticsError if the filter leaves nothing.
        """
        with self._library.reading(screen.shelf) as connection:
            apart = distinct(connection, screen.screen, **asdict(chosen)) if has_phenotypes else None
            seen = overview(counts(connection, screen.screen), apart, chosen)
        if seen.cells.is_empty() and chosen == Filter() and not screen.has_mutants:
            raise StatisticsError("Of this screen the totals of all matrices are known, and nothing else.")
        if seen.cells.is_empty():
            raise StatisticsError("No mutant of this screen is left by the filters: clear one of them.")
        return seen

    def totals(self, screens: Sequence[StoredScreen]) -> list[dict[str, Any]]:
        """Of each screen its NSMs by operation (None: not screened), and its distinct phenotypes."""
        return [{"screen": screen.key, **operation_totals(found)} for screen, found in self._counts(screens)]

    def map(
        self, screen: StoredScreen, matrix: str, window: Window | None = None, bound: Bound | None = None
    ) -> MatrixMap:
        """See `store.maps`. Raises StoreError."""
        with self._library.reading(screen.shelf) as connection:
            return matrix_map(connection, screen.screen, matrix, window, bound)

    def clustering(self, screen: StoredScreen, matrix: str, chosen: Filter) -> tuple[Clustering, Clustering] | None:
        """Along rows and along columns, see `statistics.axes`; None if the filter leaves nothing of the matrix."""
        maps = self._chosen(screen, Filter(operations=chosen.operations), matrix)
        return (clustering(maps, "row"), clustering(maps, "column")) if maps else None

    def copa(self, screen: StoredScreen, matrix: str) -> tuple[MatrixMap, Copa]:
        """The map of a matrix, and its pattern. Raises StatisticsError without two that oppose, or if too large."""
        with self._library.reading(screen.shelf) as connection:
            drawn = matrix_map(connection, screen.screen, matrix)
            maps = {bitmap.operation: bitmap for bitmap in bitmaps(connection, screen.screen, matrix)}
        if drawn.cell > 1:
            raise StatisticsError(f"{matrix} has too many units to be rearranged: choose a screen of larger blocks.")
        pair = opposed(maps)
        if pair is None:
            raise StatisticsError("COPA compares max with min, or two others that oppose: choose a screen of such two.")
        return drawn, copa(maps[pair[0]], maps[pair[1]])

    def axes(self, screen: StoredScreen, chosen: Filter) -> pl.DataFrame:
        """The most sensitive rows and columns, see `statistics.axes`. Raises StatisticsError if there are none."""
        with self.held():
            assert self._kept is not None
            if (screen.key, chosen) not in self._kept:
                self._kept[screen.key, chosen] = sensitive_axes(self._chosen(screen, chosen), chosen)
            found = self._kept[screen.key, chosen]
        if found.is_empty():
            raise StatisticsError("The filters leave no mutant of this screen: clear one of them.")
        return found

    def stripes(
        self, screen: StoredScreen, kind: str, axis: Axis, chosen: Filter
    ) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Share of non-silent mutants [layers, places] along an axis of a kind, and the layers; see `axis_shares`."""
        maps = [bitmap for bitmap in self._chosen(screen, chosen) if bitmap.kind == kind]
        return axis_shares(maps, axis, is_partial=screen.is_partial)

    def correlation(self, first: StoredScreen, second: StoredScreen, chosen: Filter) -> Correlation:
        """Two screens layer by layer, see `statistics.experiments`."""
        (_, one), (_, other) = self._counts([first, second])
        return correlation(one, other, chosen)

    def correlations(self, screens: Sequence[StoredScreen], chosen: Filter) -> list[list[Coefficient]]:
        """Pearson's r of each two screens, layer by layer."""
        return correlation_matrix({screen.key: found for screen, found in self._counts(screens)}, chosen)

    def site_correlations(self, screens: Sequence[StoredScreen], chosen: Filter) -> list[list[Coefficient]]:
        """φ of each two screens over the mutants that both screened: whether the same ones are non-silent."""
        return site_matrix([self._chosen(screen, chosen) for screen in screens])

    def overlap(self, first: StoredScreen, second: StoredScreen, chosen: Filter) -> Overlap:
        """The NSMs that two screens share. Raises StatisticsError if their grids differ."""
        return overlap(self._chosen(first, chosen), self._chosen(second, chosen), chosen)

    def malignant(self, scored: StoredScreen, compared: StoredScreen, limits: Limits, chosen: Filter) -> Malignant:
        """The mutants of a screen of scores and one of cosines that both are low, see `statistics.malignant`."""
        with self._library.reading(scored.shelf) as connection:
            scores = below(connection, scored.screen, "score", limits.score)
        with self._library.reading(compared.shelf) as connection:
            return malignant(scores, below(connection, compared.screen, "cosine", limits.cosine), chosen)

    def has_measure(self, screen: StoredScreen, measure: str) -> bool:
        """Whether any mutant of a screen has a `score` or a `cosine`."""
        with self._library.reading(screen.shelf) as connection:
            return not distribution(connection, screen.screen, measure).is_empty()

    def beginnings(self, screen: StoredScreen, chosen: Filter) -> pl.DataFrame:
        """Mutants by first word, see `statistics.beginnings.with_usual`."""
        with self._library.reading(screen.shelf) as connection:
            return with_usual(beginnings(connection, screen.screen), screen.baseline, chosen)

    def bitmaps(self, screen: StoredScreen, chosen: Filter, matrix: str | None = None) -> list[Bitmap]:
        """What each operation did, matrix by matrix."""
        return self._chosen(screen, chosen, matrix)

    def histogram(self, screen: StoredScreen, measure: str, chosen: Filter) -> pl.DataFrame:
        """Mutants by `cosine`, `first_divergence` or `score`, see `statistics.phenotypes`."""
        with self._library.reading(screen.shelf) as connection:
            return histogram(distribution(connection, screen.screen, measure), chosen)

    def styles(self, screen: StoredScreen, by: str, chosen: Filter) -> pl.DataFrame:
        """Styles by `layer` or `kind`, see `statistics.phenotypes`."""
        with self._library.reading(screen.shelf) as connection:
            return styles(distribution(connection, screen.screen, "style"), chosen, by)

    def better(self, screen: StoredScreen) -> Better:
        """The mutants that seem better than the standard. Raises StatisticsError for a screen without questions."""
        if screen.task is None:
            raise StatisticsError("This screen asks no questions: choose one on a task.")
        with self._library.reading(screen.shelf) as connection:
            tested = scores(connection, screen.screen, len(screen.task.right))
        found = better_than_baseline(tested)
        names = [genotype_of(row, screen.background) for row in found.iter_rows(named=True)]
        return Better(found.with_columns(genotype=pl.Series(names, dtype=pl.String)), tested.height)

    def predicted(self, screen: StoredScreen, matrix: str, chosen: Filter) -> tuple[pl.DataFrame, float | None]:
        """Estimated and measured change of NLL of a matrix's mutants, and Spearman's ρ of the two."""
        with self._library.reading(screen.shelf) as connection:
            pairs = chosen.rows(predictions(connection, screen.screen, matrix))
        return pairs, rank_correlation(pairs["predicted"], pairs["added_nll"])

    def behind(
        self, screen: StoredScreen, mark: Mapping[str, object], chosen: Filter, bound: Bound | None = None
    ) -> Behind:
        """The mutant behind a mark of a picture: the strongest of those that it stands for. Raises StoreError.

        The filter tells what the mark leaves open: a mark of one layer is not asked for others.
        """
        filters = {name: list(each) for name, each in asdict(chosen).items() if each and name[:-1] not in mark}
        with self._library.reading(screen.shelf) as connection:
            found = strongest(connection, screen.screen, {**filters, **mark}, bound)
        return Behind(
            screen=screen,
            genotype=genotype_of(found, screen.background),
            is_silent=not found["nonsilent"],
            first_divergence=found["first_divergence"],
            text=screen.baseline if not found["nonsilent"] else found["text"],
            style=found["style"],
            score=found["score"],
        )

    def _counts(self, screens: Sequence[StoredScreen]) -> list[tuple[StoredScreen, pl.DataFrame]]:
        found = {}
        for shelf in {screen.shelf for screen in screens}:
            with self._library.reading(shelf) as connection:
                for screen in (each for each in screens if each.shelf == shelf):
                    found[screen.key] = counts(connection, screen.screen)
        return [(screen, found[screen.key]) for screen in screens]

    def _chosen(self, screen: StoredScreen, chosen: Filter, matrix: str | None = None) -> list[Bitmap]:
        with self._library.reading(screen.shelf) as connection:
            maps = bitmaps(connection, screen.screen, matrix)
        return [bitmap for bitmap in maps if chosen.has(bitmap.layer, bitmap.kind, bitmap.operation)]


def _leaves(chosen: Filter | None, layer: int, kind: str) -> bool:
    """Whether a filter of layers and kinds leaves a matrix."""
    return chosen is None or Filter(layers=chosen.layers, kinds=chosen.kinds).has(layer, kind, "")


def _mapped(shares: pl.DataFrame, matrix: str) -> str:
    """That matrix; or, of the large ones, that where there is most to see: about half of its mutants are silent.

    Where shares are not known that with the most non-silent mutants, and "" for a screen of no matrix at all.
    """
    if shares.is_empty():
        return ""
    by_name = {row["name"]: row for row in shares.iter_rows(named=True) if row["share"] is not None}
    if matrix in by_name:
        return matrix
    if not by_name:
        return matrix if matrix in shares["name"] else str(shares.sort("nonsilent", descending=True)["name"][0])
    least = max(row["mutants"] for row in by_name.values()) / 2
    large = [name for name, row in by_name.items() if row["mutants"] >= least]
    return str(min(large, key=lambda name: abs(by_name[name]["share"] - 0.5)))
