"""What the statistics read of a screen, stored or computed, against counts made by hand from `tests.made`."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from explorer.domain.errors import StoreError
from explorer.store import maps, summaries, writer
from explorer.store.database import opened
from explorer.store.doors import strongest
from explorer.store.maps import Window, matrix_map
from explorer.store.summaries import bitmaps, counts, distinct, distribution, predictions, summarise
from tests.made import LOUD, SKIPPED, make_screen, make_screens


@pytest.fixture
def made(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both screens, finished."""
    with opened(tmp_path / "made.duckdb") as connection:
        make_screens(connection)
        yield connection


def _row(frame: pl.DataFrame, layer: int | None, kind: str | None, operation: str | None) -> dict[str, object]:
    (row,) = (
        row
        for row in frame.iter_rows(named=True)
        if (row["layer"], row["kind"], row["operation"]) == (layer, kind, operation)
    )
    return row


def test_counts_of_all_groups(made: duckdb.DuckDBPyConnection) -> None:
    found = counts(made, 1)
    whole = _row(found, None, None, None)
    assert (whole["mutants"], whole["nonsilent"], whole["phenotypes"], whole["destructive"]) == (30, 6, 4, 1)
    assert whole["mean_kl"] == pytest.approx((2 + 0.5 + 1 + 0.25 + 0.125 + 4) / 30)
    assert _row(found, 1, "v", "min")["nonsilent"] == 2
    assert _row(found, None, "v", "max")["nonsilent"] == 3
    assert _row(found, None, "v", None)["phenotypes"] == 3  # one of them twice by max and once by min
    assert _row(found, 1, "gate", None)["mutants"] == 6
    assert _row(found, None, None, "control")["mutants"] == 4
    assert _row(found, 0, None, "control")["nonsilent"] == 0


def test_a_screen_that_is_not_finished_is_counted_in_the_same_way(
    made: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with opened(tmp_path / "other.duckdb") as other:
        make_screen(other, "a", finished=False)
        keys = ["layer", "kind", "operation"]
        assert counts(other, 1).sort(keys).equals(counts(made, 1).sort(keys))
        for measure in ("cosine", "first_divergence", "style"):
            order = [*keys, "bin"]
            assert distribution(other, 1, measure).sort(order).equals(distribution(made, 1, measure).sort(order))
        for one, stored in zip(bitmaps(other, 1), bitmaps(made, 1), strict=True):
            assert (one.name, one.operation) == (stored.name, stored.operation)
            assert np.array_equal(one.screened, stored.screened)
            assert np.array_equal(one.nonsilent, stored.nonsilent)
        assert other.execute("SELECT count(*) FROM counts").fetchone() == (0,)


def test_a_large_screen_is_summarised_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (summaries, writer):
        monkeypatch.setattr(module, "MOST_RECOUNTED", 20)
    monkeypatch.setattr(writer, "PAUSE", -1.0)
    with opened(tmp_path / "large.duckdb") as connection:
        make_screen(connection, "a", finished=False)
        assert connection.execute("SELECT max(mutants) FROM counts").fetchone() == (30,)
        connection.execute("UPDATE mutants SET phenotype = NULL, first_divergence = NULL")
        assert _row(counts(connection, 1), None, None, None)["nonsilent"] == 6  # as it was when it was summarised
        chosen = distinct(connection, 1, kinds=("v",))
        assert set(chosen["kind"]) == {"v", "gate"}  # what is stored of single kinds; sums over some are not


def test_bitmaps_are_the_mutants(made: duckdb.DuckDBPyConnection) -> None:
    found = {(bitmap.name, bitmap.operation): bitmap for bitmap in bitmaps(made, 1)}
    assert len(found) == 8
    for (name, operation), bitmap in found.items():
        for down, across in np.ndindex(2, 2):
            assert bitmap.nonsilent[down, across] == ((name, down, across, operation) in LOUD["a"])
            assert bitmap.screened[down, across] == ((name, down, across) != SKIPPED)
    assert [bitmap.operation for bitmap in bitmaps(made, 1, "1.v")] == ["max", "min"]


def test_distributions(made: duckdb.DuckDBPyConnection) -> None:
    cosine = distribution(made, 1, "cosine")
    assert cosine["mutants"].sum() == 6  # silent mutants have none
    assert dict(cosine.group_by("bin").agg(pl.col("mutants").sum()).iter_rows()) == {"0": 1, "15": 3, "5": 1, "19": 1}
    style = distribution(made, 1, "style").filter(pl.col("bin") == "poem")
    assert style.sort("kind").select("layer", "kind", "operation", "mutants").rows() == [
        (0, "gate", "min", 1), (0, "v", "max", 1)
    ]  # fmt: skip
    assert distribution(made, 1, "first_divergence")["bin"].sort().to_list() == ["0", "1", "2", "3", "4"]


def test_distinct_phenotypes_of_a_choice(made: duckdb.DuckDBPyConnection) -> None:
    def of(**chosen: tuple[object, ...]) -> int:
        found = distinct(made, 1, **chosen)  # type: ignore[arg-type]
        return int(found.filter(pl.col("layer").is_null() & pl.col("kind").is_null())["phenotypes"][0])

    assert of() == 4
    assert of(operations=("max",)) == 2
    assert of(operations=("max", "min"), layers=(1,)) == 2
    assert of(kinds=("v",)) == 3


def test_summaries_are_replaced_not_added(made: duckdb.DuckDBPyConnection) -> None:
    before = len(counts(made, 1))
    summarise(made, 1)
    assert len(counts(made, 1)) == before


def test_a_door_leads_to_the_strongest(made: duckdb.DuckDBPyConnection) -> None:
    def behind(**mark: object) -> tuple[object, ...]:
        found = strongest(made, 1, mark)
        return found["layer"], found["kind"], found["down"], found["across"], found["operation"]

    assert behind() == (0, "gate", 1, 0, "min")
    assert behind(kind="v") == (0, "v", 0, 1, "max")
    assert behind(layer=1) == (1, "v", 0, 1, "max")
    assert behind(layer=1, operations=["min"]) == (1, "v", 0, 1, "min")
    assert behind(style="loop") == (1, "v", 0, 1, "min")
    assert behind(cosine=15, layers=[1]) == (1, "v", 0, 1, "max")
    assert behind(first_divergence=3) == (0, "v", 1, 1, "max")
    assert behind(kind="v", left=0, right=1) == (1, "v", 0, 0, "min")
    silent = strongest(made, 1, {"layer": 1, "kind": "gate"})
    assert (silent["nonsilent"], silent["text"]) == (False, None)
    with pytest.raises(StoreError, match="No mutant of this screen"):
        strongest(made, 1, {"layer": 7})
    with pytest.raises(StoreError, match="draw the picture again"):
        strongest(made, 1, {"1=1; --": 0})


def test_a_large_map_is_pooled_and_a_window_shows_single_units(
    made: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = matrix_map(made, 1, "0.v")
    assert (whole.cell, whole.is_whole, len(whole.cells)) == (1, True, 8)
    monkeypatch.setattr(maps, "MOST_CELLS", 3)
    pooled = matrix_map(made, 1, "0.v")
    assert pooled.cell == 2
    assert pooled.cells.select("down", "across", "operation", "mutants", "nonsilent", "mean_kl").rows() == [
        (0, 0, "max", 4, 2, 2.0), (0, 0, "min", 4, 0, 0.0)
    ]  # fmt: skip
    part = matrix_map(made, 1, "0.v", Window(rows=range(1, 9), columns=range(-3, 2)))
    assert (part.cell, part.is_whole) == (1, False)
    assert set(part.cells["down"]) == {1}
    assert matrix_map(made, 1, "0.v", Window(rows=range(5, 9), columns=range(2))).is_whole  # outside: all of it
    with pytest.raises(StoreError, match=r"9\.v is not in this screen"):
        matrix_map(made, 1, "9.v")


def test_estimates_meet_measurements(made: duckdb.DuckDBPyConnection) -> None:
    found = predictions(made, 1, "1.v")
    loud = (
        found.filter(pl.col("nonsilent"))
        .select("down", "across", "operation", "predicted", "added_nll")
        .sort("added_nll")
    )
    assert loud.rows() == [(0, 0, "min", 2.0, 0.125), (0, 1, "min", 3.0, 0.25), (0, 1, "max", 3.0, 1.0)]
    assert len(found) == 8
    assert predictions(made, 1, "9.v").is_empty()
