"""The main job, as a visitor does it: click, drag, read."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import DESKTOP, FEW_TOKENS, PHONE, Visitor
from tests.tiny import tiny_tokenizer, tiny_transformer

PARIS = "The capital of France is Paris.∎"


def test_the_page_opens_with_an_example_already_run(browser: Browser, url: str) -> None:
    visitor = Visitor.opening(browser, url)
    assert visitor.page.locator(".masthead .badge").all_inner_texts() == [
        "SmolLM2-135M-Instruct", "cpu", "float32", "checked: fast"
    ]  # fmt: skip
    assert visitor.text("original") == PARIS
    assert visitor.text("mutated") != PARIS
    assert "One weight of 134,515,008: 11.down[507,1229] 5.88 → 0" in visitor.page.locator(".change").inner_text()
    assert visitor.tile("First divergence") == "token 1"
    assert visitor.tile("Tokens changed") == "100%"
    visitor.page.close()


def test_pick_a_weight_drag_the_slider_and_reset(visitor: Visitor) -> None:
    target = visitor.page.locator(".target")
    visitor.press("Reset")
    for control, option, site in (
        ("Level", "Row", "11.down[507,:]"),
        ("Level", "Weight", "11.down[507,1229]"),
        ("Matrix", "up", "11.up[507,575]"),
        ("Matrix", "down", "11.down[507,575]"),
    ):
        visitor.choose(control, option)
        expect(target.locator("code")).to_have_text(site)
    visitor.fill("Row (0–575)", "506")
    expect(target.locator("code")).to_have_text("11.down[506,575]")
    visitor.fill("Row (0–575)", "507")
    visitor.fill("Column (0–1,535)", "1229")
    expect(target.locator("code")).to_have_text("11.down[507,1229]")
    expect(target).to_contain_text("one weight, now 5.88")
    assert visitor.text("mutated") == PARIS

    visitor.drag_slider_to(0.05)
    visitor.wait_for_run()
    assert visitor.text("original") == PARIS
    assert visitor.text("mutated") != PARIS
    assert "5.88 → −2" in visitor.page.locator(".change").inner_text()
    assert visitor.page.get_by_label("Notation").input_value().startswith("11.down[507,1229]=-2.")

    visitor.press("Reset")
    assert visitor.text("mutated") == visitor.text("original") == PARIS
    assert visitor.tile("First divergence") == "none"
    assert visitor.page.get_by_label("Notation").input_value() == ""


def test_every_level_and_operation_by_clicking(visitor: Visitor) -> None:
    visitor.choose("Level", "Layer")
    visitor.wait_for_run()
    visitor.choose("Matrix", "MLP")
    visitor.wait_for_run()
    assert visitor.site() == "11.mlp"
    assert visitor.text("mutated").startswith("The capital of France is 1233")
    visitor.choose("Level", "Head")
    visitor.wait_for_run()
    assert visitor.site() == "11.head0"
    visitor.choose("Level", "Block")
    visitor.wait_for_run()
    visitor.press("Max")
    assert visitor.page.get_by_label("Notation").input_value().endswith("=max")
    visitor.do("Scale")
    visitor.fill("Factor, then Enter", "3")
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value().endswith("*3")
    visitor.do("Set")
    visitor.fill("Value, then Enter", "50")
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value().endswith("=50")


@pytest.mark.parametrize(
    ("tool", "begun", "slid"),
    [
        ("Scale", "*2", r"\*1"),
        ("Add", "+0", r"\+3\.03\d*"),
        ("Noise", "+noise(0.5)", r"\+noise\(1\.5\)"),
        ("Round", "=round(3)", r"=round\(6\)"),
        ("Prune", "=prune(0.5)", r"=prune\(0\.75\)"),
        ("Rank", "=rank(10%)", r"=rank\(75%\)"),
        ("Shuffle", "=shuffle", r"=shuffle\(seed 12\)"),
        ("Copy", "=copy(12.down)", r"=copy\(22\.down\)"),
    ],
)
def test_each_tool_has_a_slider_over_its_own_number(visitor: Visitor, tool: str, begun: str, slid: str) -> None:
    visitor.choose("Level", "Matrix")
    visitor.wait_for_run()
    visitor.do(tool)
    notation = visitor.page.get_by_label("Notation")
    expect(notation).to_have_value(f"11.down{begun}")
    visitor.drag_slider_to(0.75)
    expect(notation).to_have_value(re.compile(rf"11\.down{slid}"))
    visitor.wait_for_run()
    change = visitor.page.locator(".change").inner_text()
    assert change.startswith("884,736 weights of 134,515,008: 11.down ")
    assert visitor.page.locator(".slider-ticks button").count() >= 2


def test_stack_mutations_and_take_one_away(visitor: Visitor) -> None:
    keep = visitor.page.get_by_role("button", name="Keep this one and add another")
    keep.click()
    expect(keep).to_be_disabled()
    visitor.choose("Level", "Layer")
    expect(visitor.page.locator(".target code")).to_have_text("11")
    visitor.press("Zero")
    chips = visitor.page.locator(".chip code")
    assert chips.all_inner_texts() == ["11.down[507,1229]=0", "11=0"]
    visitor.page.get_by_role("button", name="Remove 11.down[507,1229]=0").click()
    visitor.wait_for_run()
    assert chips.all_inner_texts() == ["11=0"]


def test_the_notation_moves_the_controls(visitor: Visitor) -> None:
    visitor.fill("Notation", "2.down[451,1203]=-3.2; 9.head4*0")
    visitor.wait_for_run()
    assert visitor.site() == "9.head4"
    assert visitor.text("mutated") == "The capital of France is Paris, France.∎"
    assert visitor.tile("First divergence") == "token 7"


def test_a_mistake_is_pointed_at_and_loses_nothing(visitor: Visitor) -> None:
    before = visitor.text("mutated")
    visitor.fill("Notation", "11.dwon[3,5]=0")
    notice = visitor.page.locator(".notice")
    expect(notice).to_contain_text("A layer has no part 'dwon'")
    assert notice.inner_text().endswith("  11.dwon[3,5]=0\n     ^")
    assert visitor.page.get_by_label("Notation").input_value() == "11.dwon[3,5]=0"
    assert visitor.text("mutated") == before
    visitor.fill("Notation", "11.down[507,1229]=0")
    visitor.wait_for_run()
    expect(notice).to_have_count(0)
    visitor.type("Prompt", " ", exact=True)
    visitor.page.get_by_role("button", name="Run", exact=True).click()
    expect(notice).to_contain_text("The prompt is empty")
    assert visitor.text("mutated") == before


def test_hover_shows_the_likeliest_tokens_of_both_models(visitor: Visitor) -> None:
    visitor.page.locator('.pair-card[data-side="original"] .token', has_text="Paris").hover()
    popover = visitor.page.locator(".pair-popover")
    expect(popover).to_be_visible()
    assert popover.locator("h4").all_inner_texts() == ["Original model", "Mutated model"]
    assert popover.locator(".pair-bar").count() == 10
    assert popover.locator(".pair-bar").first.inner_text().startswith("·Paris")


def test_a_click_on_the_dose_response_curve_sets_the_value(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Dose–response").click()
    marks = visitor.page.locator(".curve .figure .scatterlayer .point")
    expect(marks).to_have_count(23, timeout=30_000)
    marks.last.scroll_into_view_if_needed()
    box = marks.last.bounding_box()
    assert box is not None
    visitor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value().startswith("11.down[507,1229]=8.1")
    assert visitor.text("mutated") == PARIS
    expect(marks).to_have_count(23)
    visitor.choose("Level", "Row")
    visitor.wait_for_run()
    expect(visitor.page.locator(".curve .figure")).to_be_hidden()


def test_the_weight_that_wrecks_the_model_is_found_and_set(visitor: Visitor) -> None:
    visitor.press("Reset")
    visitor.page.get_by_role("tab", name="Search").click()
    visitor.page.get_by_role("button", name="Find what matters").click()
    first = visitor.page.locator(".finding").first
    expect(first.locator("code")).to_have_text("11.down[507,1229]=0", timeout=60_000)
    first.click()
    visitor.wait_for_run()
    assert visitor.page.get_by_label("Notation").input_value() == "11.down[507,1229]=0"
    assert "Paris" not in visitor.text("mutated")


def test_stop_keeps_what_is_there(visitor: Visitor) -> None:
    visitor.page.get_by_text("Decoding").click()
    visitor.fill("number input for Max new tokens", "400")
    visitor.type("Prompt", "Write a long story about the sea.", exact=True)
    visitor.page.get_by_role("button", name="Run", exact=True).click()
    visitor.page.wait_for_function(
        "document.querySelector('.pair').dataset.running === 'true'"
        " && document.querySelectorAll('[data-side=\"mutated\"] .token').length > 8"
    )
    visitor.page.get_by_role("button", name="Stop", exact=True).click()
    expect(visitor.page.locator('.pair-card[data-side="mutated"] .pair-note')).to_contain_text("stopped")
    assert len(visitor.text("mutated")) > 8


def test_an_example_fills_the_form_and_runs(visitor: Visitor) -> None:
    visitor.page.get_by_label("Examples").click()
    visitor.page.get_by_role("option", name="Why the sky is blue").click()
    visitor.page.wait_for_function(
        "document.querySelector('[data-side=\"original\"] .pair-text').innerText.length > 60"
    )
    assert visitor.page.get_by_label("Prompt", exact=True).input_value().startswith("Why is the sky blue")


def test_an_overflow_is_shown_as_such(visitor: Visitor) -> None:
    visitor.fill("Notation", "5.down=1e38")
    visitor.wait_for_run()
    assert "overflowed" in visitor.note("mutated")
    assert visitor.tile("Mean KL") == "overflow"
    assert visitor.text("original") == PARIS


def test_visitors_do_not_see_each_other(browser: Browser, url: str, visitor: Visitor) -> None:
    other = Visitor.opening(browser, url)
    other.press("Reset")
    visitor.press("Max")
    assert other.text("mutated") == PARIS
    assert other.page.get_by_label("Notation").input_value() == ""
    other.page.close()


def test_the_address_restores_everything(browser: Browser, url: str, visitor: Visitor) -> None:
    visitor.fill("Notation", "9.head4*0")
    visitor.wait_for_run()
    visitor.type("Prompt", "What is the capital of Italy?", exact=True)
    visitor.press("Run")
    other = Visitor.opening(browser, visitor.page.url)
    assert other.page.get_by_label("Notation").input_value() == "9.head4*0"
    assert other.page.get_by_label("Prompt", exact=True).input_value() == "What is the capital of Italy?"
    assert other.site() == "9.head4"
    assert (other.text("original"), other.text("mutated")) == (visitor.text("original"), visitor.text("mutated"))
    other.page.close()


def test_another_model_and_a_wrong_one(visitor: Visitor, tmp_path: Path) -> None:
    tiny_transformer("gpt2").save_pretrained(tmp_path / "tiny-gpt2")
    tiny_tokenizer().save_pretrained(tmp_path / "tiny-gpt2")
    visitor.page.get_by_text("Use another model").click()
    visitor.fill("Model: demo", "/nowhere")
    expect(visitor.page.locator(".status.fault")).to_contain_text("There is no folder /nowhere")
    assert visitor.text("original") == PARIS
    visitor.fill("Model: demo", str(tmp_path / "tiny-gpt2"))
    expect(visitor.page.locator(".masthead .badge").first).to_have_text("tiny-gpt2", timeout=30_000)
    visitor.wait_for_run()
    assert visitor.site() == "1.mlp"
    assert "w" in visitor.text("mutated")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_cut_off(browser: Browser, url: str, size: tuple[int, int], dark: bool) -> None:
    visitor = Visitor.coming(browser, url, size)
    visitor.follow({"max_new_tokens": FEW_TOKENS, **({"__theme": "dark"} if dark else {})})
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    overflowing = visitor.page.evaluate(
        "[...document.querySelectorAll('.card, .tile, .pair-card, .masthead')]"
        ".filter(node => node.getBoundingClientRect().right > innerWidth + 1).map(node => node.className)"
    )
    assert overflowing == []
    if size == PHONE:
        visitor.page.locator('.pair-card[data-side="original"] .token', has_text="Paris").click()
        box = visitor.page.locator(".pair-popover").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE[0]
    visitor.page.close()


def test_the_slider_moves_bits_rank_and_share(guest: Visitor) -> None:
    guest.follow({"genotype": "9.down=round(4)", "max_new_tokens": FEW_TOKENS})
    notation = guest.page.get_by_label("Notation")
    expect(guest.page.locator(".slider-ticks")).to_contain_text("8 bits")
    expect(guest.page.locator(".change")).to_contain_text("9.down in 4 bits, by groups of 32 columns, mean change")
    guest.drag_slider_to(0)
    guest.wait_for_run()
    assert notation.input_value() == "9.down=round(1)"
    guest.page.get_by_role("button", name="Dose–response: try all values").click()
    expect(guest.page.locator(".curve .figure .point")).to_have_count(8, timeout=60_000)
    for text, unit in (("9.head3=rank(10)", "64 components"), ("9.down=prune(0.5)", "1 share")):
        guest.fill("Notation", text)
        guest.wait_for_run()
        expect(guest.page.locator(".slider-ticks")).to_contain_text(unit)
        guest.drag_slider_to(1)
        guest.wait_for_run()
    assert notation.input_value() == "9.down=prune(1)"
    guest.press("Zero")
    assert notation.input_value() == "9.down=0"
    expect(guest.page.locator(".slider-ticks")).to_contain_text("mean")
