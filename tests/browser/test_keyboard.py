"""Figures by keyboard: every mark of every figure can be reached, is spoken, and opens what is behind it."""

from playwright.sync_api import Locator, expect

from tests.browser.page import Visitor

WALK = """async (host) => {
    const spoken = host.parentElement.querySelector(".figure-spoken");
    const press = (key) => host.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    const told = [];
    const tell = async () => {
        await new Promise((done) => setTimeout(done, 110));
        told.push(spoken.textContent);
    };
    const [trace] = host._fullData.filter((each) => each.type === "heatmap");
    const [rows, columns] = [trace.z.length, trace.z[0].length];
    host.focus();
    press("ArrowRight");  // the first of them
    for (let row = 0; row < rows; row++) {
        await tell();
        for (let column = 1; column < columns; column++) {
            press(row % 2 ? "ArrowLeft" : "ArrowRight");
            await tell();
        }
        if (row < rows - 1) press("ArrowDown");
    }
    return { told, cells: rows * columns };
}"""
"""Go through all cells of a map, line by line and back."""


def _map(visitor: Visitor, view: str, name: str) -> Locator:
    visitor.follow({"stats_screen": "bundled:1", "stats_view": view, "stats_matrix": "11.down"})
    figure = visitor.page.locator(f".view-{name} .figure")
    expect(figure.locator(".main-svg").first).to_be_visible(timeout=60_000)
    return figure


def test_every_cell_of_a_map_is_reached_and_spoken(guest: Visitor) -> None:
    walked = _map(guest, "NSM map", "nsm-map").evaluate(WALK)
    wanted = {
        f"11.down[{row}:{row + 96},{column}:{column + 96}]"
        for row in range(0, 576, 96)
        for column in range(0, 1536, 96)
    }
    assert walked["cells"] == len(wanted) == 96
    assert {told.partition(", max: ")[0] for told in walked["told"]} == wanted


def test_enter_opens_the_cell_as_a_click_does(guest: Visitor) -> None:
    figure = _map(guest, "NSM map", "nsm-map")
    figure.focus()
    for key in ("ArrowRight", *["ArrowRight"] * 12, *["ArrowDown"] * 5):
        figure.press(key)
    figure.press("Enter")
    expect(guest.page.get_by_role("tab", name="Explore")).to_have_attribute("aria-selected", "true")
    guest.wait_for_run()
    notation = guest.page.get_by_label("Notation").input_value()
    guest.page.get_by_role("tab", name="Statistics").click()
    guest.click_cell(figure, 12, 5)
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() == notation
    assert notation.startswith("11.down[480:576,1152:1248]=")


def test_bars_points_and_parts_are_reached(guest: Visitor) -> None:
    figure = _map(guest, "Overview", "by-kind")
    spoken = guest.page.locator(".view-by-kind .figure-spoken")
    figure.focus()
    for key, told in (
        ("ArrowRight", "q, max"), ("ArrowRight", "k, max"), ("ArrowLeft", "q, max"), ("End", "down, max"),
        ("ArrowRight", "down, max"), ("PageDown", "q, min"), ("PageUp", "q, max"),
    ):  # fmt: skip
        figure.press(key)
        expect(spoken).to_contain_text(told)
    expect(guest.page.locator(".view-by-kind .figure-cursor")).to_be_visible()
    figure.press("Escape")
    expect(guest.page.locator(".view-by-kind .figure-cursor")).to_be_hidden()


def test_a_map_of_single_weights_is_zoomed_and_chosen(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("tab", name="Map", exact=True).click()
    figure = page.locator(".matrix-map .figure:visible")
    expect(figure.locator(".main-svg").first).to_be_visible(timeout=60_000)
    spoken = page.locator(".matrix-map .figure-spoken:visible, .matrix-map .figure-spoken").first
    figure.focus()
    figure.press("ArrowRight")
    expect(spoken).not_to_be_empty()
    before = spoken.inner_text()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        figure.press(key)
    expect(spoken).not_to_have_text(before)
    wide = figure.evaluate("node => node._fullLayout.xaxis.range.map(Number)")
    figure.press("+")
    page.wait_for_function(
        "([node, wide]) => { const [low, high] = node._fullLayout.xaxis.range.map(Number);"
        " return Math.abs(high - low) < Math.abs(wide[1] - wide[0]) / 2; }",
        arg=[figure.element_handle(), wide],
    )
