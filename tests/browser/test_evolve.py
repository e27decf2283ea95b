"""The Evolve tab, as a visitor uses it: press a preset, watch generations, click a mark, read the mutant in Explore."""

from playwright.sync_api import expect

from tests.browser.page import FEW_TOKENS, Visitor

PATIENCE_MS = 180_000

LONELY = """node => {
    const { xaxis, yaxis } = node._fullLayout;
    const marks = trace => trace.customdata.map((said, at) => ({ said, x: trace.x[at], y: trace.y[at] }));
    const apart = (one, other) =>
        Math.hypot(xaxis.d2p(one.x) - xaxis.d2p(other.x), yaxis.d2p(one.y) - yaxis.d2p(other.y));
    const all = node.data.flatMap(marks);
    const alone = one => Math.min(...all.filter(other => other.said !== one.said).map(other => apart(one, other)));
    const { said, x, y } = marks(node.data[1]).sort((one, other) => alone(other) - alone(one))[0];
    return [said, x, y];
}"""
"""Of the evolved the mark that lies farthest from any other, so that a click can mean no other."""


def _open(visitor: Visitor) -> None:
    visitor.follow({"max_new_tokens": FEW_TOKENS})
    visitor.page.get_by_role("tab", name="Evolve").click()
    expect(visitor.page.locator(".goal").first).to_be_visible()


def _ask_little(visitor: Visitor, genotypes: str) -> None:
    visitor.page.get_by_role("button", name="How long it searches").click()
    for name, value in (("Genotypes", genotypes), ("In a generation", "8")):
        visitor.page.get_by_role("spinbutton", name=name).fill(value)
    visitor.page.keyboard.press("Tab")


def test_a_preset_evolves_and_a_mark_opens_in_explore(guest: Visitor) -> None:
    page = guest.page
    _open(guest)
    page.get_by_role("button", name="Make Paris Tokyo").click()
    expect(page.locator(".goal")).to_have_count(3)
    page.get_by_role("button", name="Without the target says:Tokyo").click()  # what is left needs no answers
    expect(page.locator(".goal")).to_have_count(2)
    _ask_little(guest, "24")
    page.get_by_role("button", name="Start", exact=True).click()
    entry = page.locator(".evolve .queued").first
    expect(entry).to_contain_text("likely:The capital of France is Tokyo, damage")
    expect(entry).to_contain_text("16 of 48 genotypes", timeout=PATIENCE_MS)  # two generations
    expect(page.locator(".evolved", has_text="The best so far says")).to_be_visible(timeout=PATIENCE_MS)
    expect(entry.locator(".state")).to_have_text("done", timeout=PATIENCE_MS)
    table = page.locator("table.verdict")
    for role in ("winner", "where it starts", "best by chance"):
        expect(table.get_by_role("rowheader", name=role, exact=True)).to_be_visible()
    expect(page.locator(".evolve h3", has_text="On what was held out")).to_be_visible()
    front = page.locator(".front .figure")
    assert table.locator("tr.winner code").inner_text() in front.evaluate("node => node.data[2].customdata")
    genotype, x, y = front.evaluate(LONELY)
    guest.click_cell(front, x, y)
    guest.wait_for_run()
    assert page.get_by_label("Notation").input_value() == genotype
    assert guest.text("mutated")
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".record-entry", has_text="Evolution").first).to_be_visible()


def test_one_is_paused_and_stopped_and_a_mistake_is_told(guest: Visitor) -> None:
    page = guest.page
    _open(guest)
    guest.type("Prompts, one a line", "Only one prompt")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Half of the prompts are held out")).to_be_visible()
    page.get_by_role("button", name="Make Paris Tokyo").click()
    page.get_by_label("Says: a word or a regular expression").fill("Rome")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    entry = page.locator(".evolve .queued").first
    expect(entry).to_contain_text("says:Rome")
    expect(entry.locator(".state")).to_have_text("running", timeout=PATIENCE_MS)
    entry.get_by_role("button", name="Pause").click()
    expect(entry.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE_MS)
    entry.get_by_role("button", name="Stop").click()
    expect(entry.locator(".state")).to_have_text("stopped", timeout=PATIENCE_MS)
