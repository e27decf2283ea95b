"""The Statistics tab, as a visitor uses it: look, filter, click through to Explore, take the numbers away."""

import csv
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from explorer.files.settings import Settings
from explorer.store.database import opened
from tests.browser.page import Visitor

PATIENCE_MS = 60_000


def _open(visitor: Visitor, view: str = "Overview") -> None:
    """The first bundled screen, beside the second, by its link: others may have been run on this page."""
    visitor.follow({"stats_screen": "bundled:1", "stats_view": view, "stats_other": "bundled:2"})
    expect(visitor.page.get_by_role("tab", name=view, exact=True).last).to_have_attribute("aria-selected", "true")


def _figure(visitor: Visitor, name: str) -> Locator:
    figure = visitor.page.locator(f".view-{name} .figure")
    expect(figure.locator(".main-svg").first).to_be_visible(timeout=PATIENCE_MS)
    return figure


def _choose(visitor: Visitor, label: str, option: str) -> None:
    visitor.page.get_by_label(label).click()
    visitor.type(label, option)
    visitor.page.get_by_role("option", name=option, exact=True).click()


def _stored(query: str) -> list[tuple[Any, ...]]:
    with opened(Settings().screens_folder, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_cell_of_the_map_opens_in_explore_with_the_text_of_the_database(guest: Visitor) -> None:
    _open(guest, "NSM map")
    figure = _figure(guest, "nsm-map")
    _choose(guest, "Matrix shown", "11.down")
    sentence = guest.page.locator(".picture-nsm_map .caption").first
    expect(sentence).to_contain_text("11.down: ")
    ((operation, text, standard),) = _stored("""
        SELECT t.operation::VARCHAR, p.text, s.baseline_text
        FROM mutants t JOIN matrices x USING (screen, matrix) JOIN screens s USING (screen)
        JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
        WHERE t.screen = 1 AND x.name = '11.down' AND t.down = 5 AND t.across = 12 ORDER BY t.mean_kl DESC LIMIT 1
    """)
    guest.click_cell(figure, 12, 5)
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() == f"11.down[480:576,1152:1248]={operation}"
    for side, stored in (("mutated", text), ("original", standard)):
        assert guest.text(side).removesuffix("∎").strip() == stored.strip()  # the mark of an end that the model chose
    guest.page.get_by_role("tab", name="Statistics").click()
    behind = guest.page.locator(".filters .behind")
    expect(behind).to_contain_text(f"11.down[480:576,1152:1248]={operation}")
    assert guest.complaints == []
    assert guest.foreign == []


def test_a_filter_changes_the_figures_and_the_link_brings_them_back(guest: Visitor) -> None:
    _open(guest)
    figure = _figure(guest, "by-kind")
    assert figure.evaluate("node => node.data.map(trace => trace.name)") == ["max", "min"]
    guest.choose("Operations shown", "min")
    sentence = guest.page.locator(".picture-by_kind .caption")
    ((count,),) = _stored("SELECT count(first_divergence) FROM mutants WHERE screen = 1 AND operation = 'min'")
    expect(sentence).to_contain_text(f"{count:,} in all")
    assert figure.evaluate("node => node.data.map(trace => trace.name)") == ["min"]
    assert "stats_operations=min" in guest.page.url
    guest.open_again()
    expect(guest.page.locator(".picture-by_kind .caption")).to_contain_text(f"{count:,} in all", timeout=PATIENCE_MS)
    guest.page.get_by_role("tab", name="Guide").click()
    expect(guest.page).not_to_have_url(re.compile("stats_"))


def test_the_download_has_the_numbers_of_the_figure(guest: Visitor, tmp_path: Path) -> None:
    _open(guest)
    figure = _figure(guest, "overview")
    shown = figure.evaluate("node => node.data[1].z")
    takeaways = guest.page.locator(".view-overview .figure-takeaways")
    with guest.page.expect_download() as coming:
        takeaways.get_by_text("CSV").click()
    path = tmp_path / "overview.csv"
    coming.value.save_as(path)
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    kinds = figure.evaluate("node => node.data[1].y")
    assert len(rows) == 210
    for row in rows:
        share = shown[kinds.index(row["kind"])][int(row["layer"])]
        assert abs(float(row["nonsilent_share"]) - share) < 1e-3
    with guest.page.expect_download() as coming:
        takeaways.get_by_text("SVG").click()
    coming.value.save_as(tmp_path / "overview.svg")
    assert "<svg" in (tmp_path / "overview.svg").read_text(encoding="utf-8")


def test_marks_of_other_pictures_are_doors_too(guest: Visitor) -> None:
    _open(guest, "Texts")
    figure = _figure(guest, "styles-by-kind")
    names = figure.evaluate("node => [node.data[0].x, node.data[0].y]")
    guest.click_cell(figure, names[0].index("v"), names[1].index("poem"))
    guest.wait_for_run()
    notation = guest.page.get_by_label("Notation").input_value()
    layer, kind = notation.partition("[")[0].split(".")
    found = _stored(f"""
        SELECT count(*) FROM mutants t JOIN matrices x USING (screen, matrix)
        JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
        WHERE t.screen = 1 AND x.layer = {int(layer)} AND p.style = 'poem' AND x.kind = 'v'
    """)
    assert kind == "v"
    assert found[0][0] >= 1


def test_two_maps_are_zoomed_and_told_together(guest: Visitor) -> None:
    _open(guest, "Compare")
    figure = _figure(guest, "two-maps")
    figure.scroll_into_view_if_needed()
    figure.evaluate("node => Plotly.relayout(node, {'xaxis.range': [1.5, 4.5]})")
    assert figure.evaluate("node => node.layout.xaxis2.range") == [1.5, 4.5]
    places = figure.evaluate("""node => {
        const { xaxis, yaxis } = node._fullLayout;
        return [xaxis._offset + xaxis.l2p(3), yaxis._offset + yaxis.l2p(2)];
    }""")
    box = figure.bounding_box()
    assert box is not None
    guest.page.mouse.move(box["x"] + places[0] - 9, box["y"] + places[1])
    guest.page.mouse.move(box["x"] + places[0], box["y"] + places[1])
    expect(figure.locator(".hovertext")).to_have_count(2)


def test_a_phone_shows_every_view_within_its_width(guest: Visitor) -> None:
    guest.page.set_viewport_size({"width": 390, "height": 844})
    _open(guest)
    _figure(guest, "overview")
    width = guest.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    for view in ("NSM map", "COPA", "Compare", "Texts"):
        tab = guest.page.get_by_role("tab", name=view, exact=True)
        if not tab.is_visible():
            guest.page.locator(".statistics .overflow-menu button").first.click()
        guest.page.get_by_text(view, exact=True).last.click()
        guest.page.wait_for_timeout(300)
        assert guest.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_console_answers_with_a_table_and_a_chart(guest: Visitor) -> None:
    guest.follow({"stats_view": "Console", "stats_asked": "bundled"})
    expect(guest.page.locator(".console-schema summary", has_text="mutants")).to_be_visible(timeout=60_000)
    guest.page.get_by_role("button", name="Ask", exact=True).click()
    expect(guest.page.locator(".console-table td").first).to_be_visible(timeout=60_000)
    expect(guest.page.locator(".view-answer .plotly").first).to_be_visible()
    expect(guest.page).to_have_url(re.compile("stats_sql=SELECT"))
    expect(guest.page.locator(".fault-notice")).to_be_hidden()
    guest.type("Question in SQL", "SELECT * FROM read_csv('/etc/passwd')")
    guest.page.get_by_role("button", name="Ask", exact=True).click()
    expect(guest.page.locator(".notice:visible")).to_contain_text("does not take the query")
    expect(guest.page.locator(".console-table td")).to_have_count(0)


def test_a_box_drawn_on_a_map_is_screened_finer(guest: Visitor) -> None:
    _open(guest, "NSM map")
    page = guest.page
    page.locator(".modebar-btn[data-title='Draw rectangle']:visible").first.click()
    box = page.locator(".nsewdrag:visible").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=8)
    page.mouse.up()
    expect(page.get_by_role("tab", name="Screen", exact=True)).to_have_attribute("aria-selected", "true")
    places = page.get_by_label("Or only these places of them, one a line")
    expect(places).to_have_value(re.compile(r"^\d+\.\w+\[\d+:\d+,\d+:\d+\]"))
    expect(page.get_by_label("Side of a block")).to_have_value("48")
    page.get_by_role("button", name="How long will it take?").click()
    expect(page.locator(".caption", has_text="controls included")).to_be_visible(timeout=PATIENCE_MS)
