"""The History tab, as a visitor uses it: find a run again, tag it, note on it, reopen it, report it, delete it."""

from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from tests.browser.page import PHONE, Visitor


def _open(visitor: Visitor) -> Locator:
    if visitor.page.url == "about:blank":
        visitor.follow({})
    visitor.page.get_by_role("tab", name="History").click()
    entries = visitor.page.locator(".record-entry")
    expect(entries.first).to_be_visible()
    return entries


def _number(entry: Locator) -> str:
    return entry.get_attribute("data-number") or ""


def test_a_run_is_found_again_tagged_noted_on_and_reopened(visitor: Visitor) -> None:
    visitor.press("A wrong fact, told with confidence")
    visitor.press("A loop becomes a poem")
    entries = _open(visitor)
    expect(entries.first).to_contain_text("In the silence of the night,")
    visitor.type("Find", "london 23.attn", exact=True)
    expect(entries.first).to_contain_text("London, England")
    expect(entries.first.locator(".changed")).to_have_text("London, England.")
    number = _number(entries.first)
    entry = visitor.page.locator(f'.record-entry[data-number="{number}"]')
    entry.get_by_label(f"Choose entry {number}").check()
    visitor.page.get_by_label("Tag the chosen entries").click()
    visitor.fill("Tag the chosen entries", "geography, <b>wrong</b>")
    expect(entry.locator(".record-tag")).to_have_count(2)
    expect(entry.get_by_label(f"Choose entry {number}")).to_be_checked()
    entry.get_by_label(f"Take the tag <b>wrong</b> from entry {number}").click()
    expect(entry.locator(".record-tag")).to_have_count(1)
    entry.get_by_label(f"Note on entry {number}").click()
    visitor.fill(f"Note on entry {number}", "Told with confidence")
    expect(entry).to_contain_text("Told with confidence")
    visitor.type("Find", "told WITH geography", exact=True)
    expect(entries).to_have_count(1)
    entry.get_by_text("Made with").click()
    expect(entry).to_contain_text("SmolLM2-135M-Instruct (demo)")
    visitor.last_run = int(visitor.page.locator(".pair").get_attribute("data-run") or 0)
    entry.get_by_label(f"Reopen entry {number}").click()
    visitor.wait_for_run()
    assert visitor.text("mutated") == "The capital of France is London, England.∎"
    assert visitor.page.get_by_label("Notation").input_value() == "23.attn*1.6"


def test_a_mark_of_the_timeline_finds_its_entry(guest: Visitor) -> None:
    _open(guest)
    figure = guest.page.locator(".timeline .figure")
    expect(figure.locator(".point").first).to_be_visible()
    number, time, value = figure.evaluate(
        "node => { const { customdata, x, y } = node._fullData[0]; const last = x.length - 1;"
        " return [customdata[last], x[last], y[last]]; }"
    )
    place = figure.evaluate(
        """(node, [x, y]) => {
            const { xaxis, yaxis } = node._fullLayout;
            return [xaxis._offset + xaxis.d2p(x), yaxis._offset + yaxis.d2p(y)];
        }""",
        [time, value],
    )
    box = figure.bounding_box()
    assert box is not None
    guest.page.mouse.move(box["x"] + place[0], box["y"] + place[1])
    guest.page.mouse.click(box["x"] + place[0], box["y"] + place[1])
    expect(guest.page.locator(".record-entry.looked-at")).to_have_attribute("data-number", str(number))


def test_reports_are_saved_and_open_without_a_network(guest: Visitor, browser: Browser, tmp_path: Path) -> None:
    entries = _open(guest)
    number = _number(entries.first)
    entries.first.get_by_label(f"Choose entry {number}").check()
    for form, name in (("Markdown", "history.md"), ("HTML", "history.html")):
        with guest.page.expect_download() as saving:
            guest.page.get_by_label(f"Report of the chosen entries as {form}").click()
        assert saving.value.suggested_filename == name
        saving.value.save_as(tmp_path / name)
    assert "## " in (tmp_path / "history.md").read_text(encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "history.html").as_uri())
    expect(page.locator(f"#entry-{number}")).to_be_visible()
    assert asked == [(tmp_path / "history.html").as_uri()]
    page.close()


def test_entries_are_deleted_only_when_that_is_confirmed(guest: Visitor) -> None:
    entries = _open(guest)
    number = _number(entries.first)
    entry = guest.page.locator(f'.record-entry[data-number="{number}"]')
    entry.get_by_label(f"Choose entry {number}").check()
    guest.page.get_by_label("Delete the chosen entries").click()
    guest.page.get_by_role("button", name="Keep", exact=True).click()
    expect(entry).to_be_visible()
    guest.page.get_by_label("Delete the chosen entries").click()
    guest.page.get_by_role("button", name="Yes, delete").click()
    expect(entry).to_have_count(0)


def test_it_fits_a_phone(guest: Visitor) -> None:
    _open(guest)
    guest.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    guest.page.wait_for_timeout(300)
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for part in (".record-bar", ".record-entry header", ".timeline .figure"):
        box = guest.page.locator(part).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE[0]
