"""The pictures of the statistics on screens worked out by hand: what they show, and that every mark is a door."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.drawing import PICTURES, WITH_OWN_CLICKS, draw
from explorer.domain.errors import ExplorerError, StatisticsError
from explorer.domain.notation import parse_genotype
from explorer.figures.encoding import figure_json
from explorer.figures.marks import mark_of, stripe_mark, window_of
from explorer.figures.nsm import pair_figure
from explorer.figures.palette import CATEGORIES
from explorer.screen.study import Question, read_study
from explorer.statistics.filters import Filter
from explorer.statistics.severity import Severity
from explorer.store import maps
from explorer.store.database import opened
from explorer.store.library import Library
from explorer.store.parquet import export_screens
from explorer.store.summaries import summarise
from tests.made import BASELINE, LOUD, make_screens


@pytest.fixture
def atlas(tmp_path: Path) -> Atlas:
    """Of both screens."""
    path = tmp_path / "made.duckdb"
    with opened(path) as connection:
        make_screens(connection)
    return Atlas(Library(bundled=tmp_path / "none", own=path))


@pytest.fixture
def asked(atlas: Atlas) -> Asked:
    """The first screen beside the second."""
    first, second = atlas.stored()[0]
    return Asked(screen=first, other=second, matrix="0.v")


def _figure(view: str, atlas: Atlas, asked: Asked) -> dict[str, Any]:
    figure: dict[str, Any] = json.loads(figure_json(draw(view, atlas, asked).figure))
    return figure


def _marks(held: object) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, list):
        for each in held:
            yield from _marks(each)


@pytest.mark.parametrize("view", [name for name in PICTURES if name not in WITH_OWN_CLICKS])
def test_every_mark_is_a_door(view: str, atlas: Atlas, asked: Asked) -> None:
    figure = _figure(view, atlas, asked)
    assert figure["layout"]["meta"]["view"] == view
    marks = [json.loads(text) for trace in figure["data"] for text in _marks(trace.get("customdata")) if text]
    meta, grid = figure["layout"]["meta"], figure["data"][0].get("z", [[]])
    cells = [(x, y) for y in range(len(grid)) for x in range(len(grid[0]))]
    if "maps" in meta:
        marks += [mark_of(drawn, x, y) for drawn in meta["maps"] for x, y in cells]
    if "axis" in meta:
        marks += [stripe_mark(meta, x, figure["data"][0]["y"][y]) for x, y in cells]
    assert marks
    opened_doors = 0
    for mark in marks:
        try:
            behind = atlas.behind(asked.screen, mark, Filter())
        except ExplorerError:
            continue  # where nobody screened, or no text has that style there
        parse_genotype(behind.genotype)
        assert behind.text is not None
        opened_doors += 1
    assert opened_doors > len(marks) / 3


@pytest.mark.parametrize("view", list(PICTURES))
def test_every_picture_has_a_sentence_and_its_data(view: str, atlas: Atlas, asked: Asked) -> None:
    picture = draw(view, atlas, asked)
    assert picture.sentence.endswith(".")
    assert any(letter.isdigit() for letter in picture.sentence)
    assert len(picture.data)
    json.dumps(picture.numbers, allow_nan=False)


def test_the_text_of_a_figure_is_plotlys_own(atlas: Atlas, asked: Asked) -> None:
    for view in PICTURES:
        figure = draw(view, atlas, asked).figure
        assert json.loads(figure_json(figure)) == json.loads(figure.to_json())


def test_a_cell_tells_what_its_mutants_say_and_leads_to_them(atlas: Atlas, asked: Asked) -> None:
    figure = _figure("nsm_map", atlas, asked)
    cells = figure["data"][0]
    assert [[CATEGORIES[kind] for kind in line] for line in cells["z"]] == [["silent", "max"], ["silent", "max"]]
    told = cells["text"][0][1]
    assert told.startswith("<b>0.v[0:4,4:8]</b><br>")
    assert "max: parts at token 0, KL 2.0, poem<br>  “waves &lt;b&gt;of&lt;/b&gt; verse”" in told
    assert "min: silent" in told
    behind = atlas.behind(asked.screen, mark_of(figure["layout"]["meta"]["maps"][0], 1, 0), Filter())
    assert (behind.genotype, behind.text, behind.style) == ("0.v[0:4,4:8]=max", "waves <b>of</b> verse", "poem")
    silent = atlas.behind(asked.screen, mark_of(figure["layout"]["meta"]["maps"][0], 0, 0), Filter())
    assert (silent.genotype, silent.text, silent.is_silent) == ("0.v[0:4,0:4]=max", BASELINE, True)
    bars = {trace.get("yaxis", "y") + trace.get("xaxis", "x"): trace for trace in figure["data"][1:]}
    assert bars["y2x"]["y"] == [0, 2]
    assert bars["yx2"]["x"] == [1, 1]


def test_colours_rise_without_a_gap(atlas: Atlas, asked: Asked) -> None:
    scale = _figure("nsm_map", atlas, asked)["data"][0]["colorscale"]
    edges = [edge for edge, _ in scale]
    assert edges == sorted(edges)  # plotly drops a scale of which this is not true, without a word
    assert (edges[0], edges[-1], len(scale)) == (0, 1, 2 * len(CATEGORIES))


def test_gate_is_transposed_and_what_nobody_screened_has_a_colour(atlas: Atlas, asked: Asked) -> None:
    figure = _figure("nsm_map", atlas, replace(asked, matrix="1.gate"))
    assert CATEGORIES[figure["data"][0]["z"][1][1]] == "not screened"
    loud = _figure("nsm_map", atlas, replace(asked, matrix="0.gate"))
    kinds = [[CATEGORIES[kind] for kind in line] for line in loud["data"][0]["z"]]
    assert kinds == [["silent", "min"], ["silent", "silent"]]
    assert loud["data"][0]["text"][0][1].startswith("<b>0.gate[4:8,0:2]</b>")
    (meta,) = loud["layout"]["meta"]["maps"]
    assert mark_of(meta, 1, 0) == {"layer": 0, "kind": "gate", "top": 1, "bottom": 2, "left": 0, "right": 1}
    above, beside = (json.loads(trace["customdata"][1]) for trace in loud["data"][1:])
    assert above == {"layer": 0, "kind": "gate", "operation": "min", "top": 1, "bottom": 2}
    assert beside == {"layer": 0, "kind": "gate", "operation": "min", "left": 1, "right": 2}
    window = window_of(meta, [0.6, 1.4], [-0.5, 0.5])
    assert window is not None
    assert (window.rows, window.columns) == (range(1, 2), range(1))
    assert window_of(meta, None, None) is None


def test_severity_leaves_out_the_mild_and_gives_colours(atlas: Atlas, asked: Asked) -> None:
    severe = replace(asked, severity=Severity(measure="cosine", step=2))
    cells = _figure("nsm_map", atlas, severe)["data"][0]["z"]
    assert [[CATEGORIES[kind] for kind in line] for line in cells] == [["silent", "max"], ["silent", "silent"]]
    assert draw("nsm_map", atlas, severe).numbers["shown"] == 1
    figure = _figure("nsm_map", atlas, replace(severe, matrix="1.v", severity=Severity("mean_kl", 1)))
    assert figure["layout"]["meta"]["severity"] == ["mean_kl", 1, None]
    milder = atlas.behind(
        asked.screen, {"layer": 1, "kind": "v", "top": 0, "left": 1}, Filter(), Severity("cosine", 2).bound
    )
    assert milder.genotype == "1.v[0:4,4:8]=min"  # max changes more there, but not its words
    coloured = replace(asked, severity=Severity(measure="mean_kl"), coloured=True)
    under, over = _figure("nsm_map", atlas, coloured)["data"][:2]
    assert over["z"] == [[None, 2.0], [None, 0.5]]
    assert {CATEGORIES[kind] for line in under["z"] for kind in line} == {"silent"}


def test_a_pooled_map_asks_for_its_zooms(atlas: Atlas, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "matrix" not in _figure("nsm_map", atlas, asked)["layout"]["meta"]
    monkeypatch.setattr(maps, "MOST_CELLS", 3)
    figure = _figure("nsm_map", atlas, asked)
    meta = figure["layout"]["meta"]
    (pooled,) = meta["maps"]
    assert (meta["matrix"], pooled["cell"]) == ("0.v", 2)
    assert figure["data"][0]["text"] == [["<b>0.v[:,:]</b><br>max: 2 of 4 non-silent<br>min: 0 of 4 non-silent"]]
    assert mark_of(pooled, 0.5, 0.5) == {"layer": 0, "kind": "v", "top": 0, "bottom": 2, "left": 0, "right": 2}
    severe = draw("nsm_map", atlas, replace(asked, severity=Severity("mean_kl", 3)))
    assert severe.numbers["shown"] == 1  # and not all of a cell in which one is severe
    part = _figure("nsm_map", atlas, replace(asked, window=window_of(pooled, [0.5, 1.5], [-0.5, 1.5])))
    assert [[CATEGORIES[kind] for kind in line] for line in part["data"][0]["z"]] == [["max"], ["max"]]
    assert part["data"][0]["x0"] == 1


def test_two_maps_of_which_one_is_pooled_lead_each_to_its_own_units(
    atlas: Atlas, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "MOST_CELLS", 3)
    pooled = atlas.map(asked.screen, "0.v")
    monkeypatch.undo()
    figure = pair_figure([pooled, atlas.map(asked.screen, "0.gate")], ["a", "b"], Filter(), Severity(), meta={})
    first, second = json.loads(figure_json(figure))["layout"]["meta"]["maps"]
    assert mark_of(first, 0.5, 0.5)["bottom"] == 2
    assert mark_of(second, 1, 0) == {"layer": 0, "kind": "gate", "top": 1, "bottom": 2, "left": 0, "right": 1}
    assert (
        len(pl.concat([pooled.cells, atlas.map(asked.screen, "1.v").cells])) > 2
    )  # their columns are of the same types


@pytest.mark.parametrize("unit", ["row", "column"])
def test_units_that_are_rows_or_columns_have_a_map(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "units.duckdb"
    with opened(path) as connection:
        make_screens(connection)
        place, other = ("across", "columns") if unit == "row" else ("down", "rows")
        connection.execute(f"DELETE FROM mutants WHERE {place} > 0")
        connection.execute(f"UPDATE matrices SET unit_{other} = {other}")
        for screen in (1, 2):
            summarise(connection, screen)
    atlas = Atlas(Library(bundled=tmp_path / "none", own=path))
    picture = draw("nsm_map", atlas, Asked(screen=atlas.stored()[0][0], matrix="0.v"))
    shape = (2, 1) if unit == "row" else (1, 2)
    assert picture.figure.data[0].z.shape == shape
    told = picture.figure.data[0].text[0][0]
    assert told.startswith("<b>0.v[0:4,:]</b>" if unit == "row" else "<b>0.v[:,0:4]</b>")


def test_published_counts_are_drawn_as_counts(tmp_path: Path) -> None:
    table = tmp_path / "counts.csv"
    ids = [f"model.layers.{layer}.self_attn.v_proj.weight" for layer in range(4)]
    table.write_text("mid,Java\n" + "".join(f"{each},{40 * (layer + 1)}\n" for layer, each in enumerate(ids)))
    with opened(tmp_path / "own.duckdb") as connection:
        read_study(Question(paths=(table,), shape="llama2-7b"), {}).store(connection)
    atlas = Atlas(Library(bundled=tmp_path / "none", own=tmp_path / "own.duckdb"))
    asked = Asked(screen=atlas.stored()[0][0])
    picture = draw("overview", atlas, asked)
    assert picture.sentence.startswith("Non-silent mutants of each matrix")
    assert "400 mutants are non-silent" in picture.sentence
    (bars,) = _figure("by_layer", atlas, asked)["data"]
    assert (bars["name"], bars["y"]) == ("all together", [40, 80, 120, 160])
    for view in ("nsm_map", "axes", "cosine", "distinct"):
        with pytest.raises(ExplorerError):
            draw(view, atlas, asked)


def test_copa_leads_to_the_unit_before_it_was_moved(atlas: Atlas, asked: Asked) -> None:
    figure = _figure("copa", atlas, asked)
    (moved,) = figure["layout"]["meta"]["maps"]
    assert moved["columns"] == [1, 0]
    assert mark_of(moved, 0, 0)["left"] == 1
    numbers = draw("copa", atlas, replace(asked, matrix="1.v")).numbers
    assert (numbers["both"], numbers["expected"]) == (1, pytest.approx(1 * 2 / 4))


def test_filters_reach_every_picture(atlas: Atlas, asked: Asked) -> None:
    of_min = replace(asked, chosen=Filter(operations=("min",)))
    assert draw("overview", atlas, of_min).numbers["nonsilent"] == 3
    assert draw("by_kind", atlas, of_min).data["nonsilent"].sum() == 3
    assert draw("styles_by_kind", atlas, of_min).data["mutants"].sum() == 3
    assert draw("axes", atlas, of_min).data.filter(kind="v", axis="row")["nonsilent"].sum() == 2
    behind = atlas.behind(asked.screen, {"layer": 1, "kind": "v"}, Filter(operations=("min",)))
    assert behind.genotype == "1.v[0:4,4:8]=min"
    elsewhere = replace(asked, chosen=Filter(layers=(1,)), matrix="0.v")
    assert draw("nsm_map", atlas, elsewhere).numbers["matrix"].startswith("1.")
    with pytest.raises(StatisticsError, match="clear one of them"):
        draw("overview", atlas, replace(asked, chosen=Filter(layers=(9,))))


def test_two_screens_beside_each_other(atlas: Atlas, asked: Asked) -> None:
    shared = draw("overlap", atlas, asked).data.row(0, named=True)
    both = set(LOUD["a"]) & set(LOUD["b"])
    assert (shared["shared"], shared["only_first"], shared["only_second"]) == (len(both), 4, 2)
    figure = _figure("two_maps", atlas, asked)
    assert figure["layout"]["meta"]["linked"]
    assert figure["layout"]["xaxis2"]["matches"] == "x"
    assert [trace["z"] for trace in figure["data"]][1][0] == [1, 1]  # both by max
    names = _figure("correlations", atlas, asked)["data"][0]
    assert names["x"] == ["a, step 4", "b, step 4"]
    assert names["customdata"][0][1] == "own:1 own:2"
    with pytest.raises(StatisticsError, match="Choose a second screen"):
        draw("scatter", atlas, replace(asked, other=None))


def test_a_database_is_compared_with_exported_screens(tmp_path: Path) -> None:
    with opened(tmp_path / "own.duckdb") as connection:
        make_screens(connection)
        export_screens(connection, [2], tmp_path / "bundled")
    atlas = Atlas(Library(bundled=tmp_path / "bundled", own=tmp_path / "own.duckdb"))
    first, _, exported = atlas.stored()[0]
    asked = Asked(screen=first, other=exported, matrix="0.v")
    for view in ("correlations", "scatter", "overlap", "two_maps", "overview", "styles_by_kind"):
        for one, other in ((first, exported), (exported, first)):
            assert len(draw(view, atlas, replace(asked, screen=one, other=other)).data)
    assert (
        draw("scatter", atlas, replace(asked, other=atlas.stored()[0][1])).numbers
        == draw("scatter", atlas, asked).numbers
    )


def test_controls_are_a_row_of_the_overview(atlas: Atlas, asked: Asked) -> None:
    cells = _figure("overview", atlas, asked)["data"][1]
    assert cells["y"] == ["v", "gate", "controls"]
    assert cells["z"][-1] == [0, 0]
    assert cells["z"][0] == [pytest.approx(0.25), pytest.approx(0.375)]
