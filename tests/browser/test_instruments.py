"""The instruments, as a visitor uses them: click a cell of each map, read what changed."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.page import Visitor

PARIS = "The capital of France is Paris.∎"


def _open(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("tab", name=name).click()


def _notation(visitor: Visitor) -> str:
    return visitor.page.get_by_label("Notation").input_value()


def test_a_cell_of_the_matrix_map_is_mutated(visitor: Visitor) -> None:
    visitor.press("Reset")
    assert visitor.text("mutated") == PARIS
    figure = visitor.page.locator(".matrix-map .figure").first
    visitor.click_cell(figure, 1228, 507)
    visitor.wait_for_run()
    assert _notation(visitor) == "11.down[507,1229]=0"  # the strongest weight of the cell
    assert "Paris" not in visitor.text("mutated")


def test_the_matrix_map_zooms_to_single_weights(visitor: Visitor) -> None:
    figure = visitor.page.locator(".matrix-map .figure").first
    caption = visitor.page.locator(".caption", has_text="original’s weights")
    expect(caption).to_contain_text("6 × 8")
    figure.evaluate(
        "node => Plotly.relayout(node, {'xaxis.range[0]': 1219.5, 'xaxis.range[1]': 1239.5,"
        " 'yaxis.range[0]': 516.5, 'yaxis.range[1]': 499.5})"
    )
    expect(caption).to_contain_text("rows 500–516, columns 1,220–1,239")
    expect(caption).to_contain_text("Each cell is one weight")
    expect(figure.locator("text.heatmap-label, .heatmap-label text").filter(has_text="5.9")).to_have_count(1)
    visitor.click_cell(figure, 1229, 507)
    visitor.wait_for_run()
    assert _notation(visitor) == "11.down[507,1229]=0"


def test_the_strip_jumps_to_another_matrix(visitor: Visitor) -> None:
    visitor.click_cell(visitor.page.locator(".strip .figure").first, 2, 4)
    visitor.wait_for_run()
    assert visitor.site() == "2.gate[507,575]"
    caption = visitor.page.locator(".caption", has_text="original’s weights")
    expect(caption).to_contain_text("2.gate")


def test_the_drawing_of_the_model_finds_unfolds_and_chooses(visitor: Visitor) -> None:
    page = visitor.page
    _open(visitor, "Model")
    tree = page.locator(".tree")
    expect(tree.locator(".caption")).to_contain_text("134,515,008 weights")
    expect(tree.locator(".tree-strip .layer")).to_have_count(30)
    tree.get_by_label("Unfold layer 7").click()
    tree.get_by_label("Choose 7.k.head2").click()
    visitor.wait_for_run()
    assert visitor.site() == "7.k.head2"
    tree.get_by_label("Find a part of the model").fill("mlp_norm")
    expect(tree.locator(".tree-part:visible")).to_have_count(30)
    tree.get_by_label("Choose 12.mlp_norm").click()
    visitor.wait_for_run()
    assert visitor.site() == "12.mlp_norm"


def test_the_sensitivity_map_of_the_whole_model(visitor: Visitor) -> None:
    visitor.press("Reset")
    _open(visitor, "Search")
    visitor.page.get_by_role("button", name="Map the whole model").click()
    caption = visitor.page.locator(".caption", has_text="first-order estimates")
    expect(caption).to_contain_text(re.compile(r"rank correlation .* is 0\.9\d"), timeout=60_000)
    overview, blocks = visitor.page.locator(".strip .figure").nth(1), visitor.page.locator(".matrix-map .figure").nth(1)
    visitor.click_cell(overview, 11, 6)
    expect(caption).to_contain_text("11.down", timeout=60_000)
    expect(caption).to_contain_text(re.compile(r"is 0\.9\d"), timeout=60_000)
    visitor.click_cell(blocks, 1180, 480)  # the block that holds the one weight
    visitor.wait_for_run()
    assert _notation(visitor) == "11.down[448:512,1152:1216]=0"
    visitor.click_cell(blocks, 1240, 480)
    visitor.wait_for_run()
    assert _notation(visitor) == "11.down[448:512,1216:1280]=0"
    assert "Paris" not in visitor.text("mutated")


def test_how_it_spreads(visitor: Visitor) -> None:
    _open(visitor, "Spread")
    visitor.page.get_by_role("button", name="Show how it spreads").click()
    rows = visitor.page.locator(".lens tbody tr")
    expect(rows).to_have_count(31, timeout=30_000)
    expect(rows.first.locator("td").first).to_contain_text("The")
    expect(rows.last).not_to_have_class("parted")  # before the mutated layer
    figure = visitor.page.locator(".spread-map .figure")
    visitor.click_cell(figure, 41, 20)
    expect(visitor.page.locator(".lens .caption")).to_contain_text("After token 41 is")
    expect(rows.first.locator("td").first).to_contain_text("Paris")


def test_alone_and_together(visitor: Visitor) -> None:
    _open(visitor, "Together")
    visitor.type("Mutations, separated by ;", "2.mlp*0; 9.mlp*0; 9.head4*0")
    visitor.page.get_by_role("button", name="Alone and together").click()
    expect(visitor.page.locator(".caption", has_text="Together they add")).to_be_visible(timeout=30_000)
    pairs = visitor.page.locator(".pairs .figure")
    expect(pairs).to_be_visible()
    visitor.click_cell(pairs, 1, 0)
    visitor.wait_for_run()
    assert _notation(visitor) == "2.mlp*0;9.mlp*0"
    assert "Paris" not in visitor.text("mutated")
    visitor.click_cell(visitor.page.locator(".bars .figure"), 0.3, 0)  # within the bar, which is 0.8 long
    visitor.wait_for_run()
    assert _notation(visitor) == "2.mlp*0"
    assert visitor.text("mutated") == PARIS
    bars = visitor.page.locator(".bars .figure")
    for _ in range(2):
        bars.press("ArrowDown")
    expect(visitor.page.locator(".bars .figure-spoken")).to_contain_text("9.mlp*0")


def test_presets_tell_what_they_show(visitor: Visitor) -> None:
    visitor.press("A loop becomes a poem")
    expect(visitor.page.locator(".preset-shows")).to_contain_text("writes verse")
    assert visitor.text("mutated").startswith("In the silence of the night,\nA lullaby,")
    assert visitor.page.get_by_label("Prompt", exact=True).input_value() == "Write a lullaby."


def test_undo_redo_tried_and_pins(guest: Visitor) -> None:
    visitor = guest
    visitor.follow({"max_new_tokens": 48})  # as many as the preset asks for
    opening = visitor.text("mutated")
    visitor.page.get_by_role("button", name="Pin", exact=True).click()
    cards = visitor.page.locator(".trial-card")
    expect(cards).to_have_count(1)
    visitor.press("A wrong fact, told with confidence")
    assert visitor.text("mutated") == "The capital of France is London, England.∎"
    visitor.page.get_by_role("button", name="Pin", exact=True).click()
    expect(cards).to_have_count(2)
    expect(cards.nth(1)).to_contain_text("London, England")
    visitor.press("Undo")
    assert visitor.text("mutated") == opening
    visitor.press("Redo")
    assert _notation(visitor) == "23.attn*1.6"
    _open(visitor, "Tried")
    rows = visitor.page.locator(".trial-row")
    expect(rows).to_have_count(2)
    rows.nth(1).locator(".trial-again").click()
    visitor.wait_for_run()
    assert visitor.text("mutated") == opening
    visitor.page.get_by_role("button", name="Unpin 23.attn*1.6").click()
    expect(cards).to_have_count(1)


def test_a_result_is_copied_and_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for button, pattern in (
        ("notation", r"^11\.down\[507,1229\]=0$"),
        ("link", r"^http.*\?genotype=11\.down"),
        ("command", r"^python -m explorer mutate '11\.down\[507,1229\]=0' --prompt"),
        ("Python", r"compare\(model, '11\.down\[507,1229\]=0'"),
    ):
        visitor.page.locator(".takeaway").get_by_role("button", name=button, exact=True).click()
        visitor.page.wait_for_function("document.querySelector('.takeaway .done')")
        copied = visitor.page.evaluate("navigator.clipboard.readText()")
        assert re.search(pattern, copied), copied
        visitor.page.wait_for_function("!document.querySelector('.takeaway .done')")
    for button, name in (("Markdown", "mutation.md"), ("JSON", "mutation.json")):
        with visitor.page.expect_download() as download:
            visitor.page.locator(".takeaway").get_by_role("button", name=button, exact=True).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    assert json.loads((tmp_path / "mutation.json").read_text())["genotype"] == "11.down[507,1229]=0"
    assert (tmp_path / "mutation.md").read_text().startswith("# One weight of 134,515,008")


def test_all_heads_are_knocked_out_and_one_is_opened(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Heads").click()
    visitor.page.get_by_role("button", name="Knock out every head").click()
    figure = visitor.page.locator(".heads-map .figure")
    expect(visitor.page.locator(".caption", has_text="when they are taken out alone")).to_be_visible(timeout=90_000)
    visitor.click_cell(figure, 7, 3)
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value() == "7.head3*0"


def test_damage_is_measured_and_a_cell_is_opened(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Damage").click()
    visitor.type("Done to each matrix", "round2").press("Enter")
    expect(visitor.page.locator(".caption", has_text="over 159 tokens")).to_be_visible(timeout=180_000)
    visitor.click_cell(visitor.page.locator(".damage-map .figure"), 9, 6)
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value() == "9.down=round(2)"


def test_an_adapter_is_dialled_in_and_a_checkpoint_grafted(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="more …").first.click()
    visitor.press("A poet, dialled in")
    assert visitor.text("mutated").startswith("The king has no city,")
    visitor.drag_slider_to(0)
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value() == "layers+adapter(poet)*0"
    assert visitor.text("mutated") == visitor.text("original")
    visitor.page.get_by_role("tab", name="Donors").click()
    visitor.type("Checkpoint to compare with", "demo").press("Enter")
    visitor.page.get_by_role("button", name="Compare the weights").click()
    expect(visitor.page.locator(".caption", has_text="matrices of demo are the same")).to_be_visible(timeout=60_000)
