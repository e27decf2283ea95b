"""The upload of published results in the Screen tab: a mistake, a table, its report, and the screen beside it."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.page import Visitor, serving
from tests.tiny import saved_model

PATIENCE_MS = 60_000


def test_a_table_is_imported_and_its_screen_is_shown(browser: Browser, tmp_path: Path) -> None:
    table = tmp_path / "Zephyr_mmlu.csv"
    table.write_text(
        "matrix,NSM type,NSM loc1,NSM loc2,Mmlu21 score\n"
        "model.layers.0.self_attn.q_proj.weight,max,0,0,9\n"
        "L1_mlp.down,min,1,2,8\n"
        "1.attn.v,max,no place,0,8\n",
        encoding="utf-8",
    )
    with serving("--model", saved_model(tmp_path / "tiny")) as url:
        visitor = Visitor.coming(browser, url)
        visitor.follow({"prompt": "w5 w6 w7", "chat": 0, "genotype": ""})
        page = visitor.page
        page.get_by_role("tab", name="Screen").click()
        card = page.locator(".card", has=page.get_by_role("heading", name="Published results")).first
        card.get_by_role("button", name="Import", exact=True).click()
        expect(card).to_contain_text("Choose files first")
        card.locator('input[type="file"]').set_input_files(str(table))
        expect(card.get_by_role("table")).to_contain_text(table.stem)  # its ending stands apart
        card.get_by_role("button", name="Import", exact=True).click()
        report = card.locator(".import-report")
        expect(report).to_contain_text("mmlu21", timeout=PATIENCE_MS)
        expect(report).to_contain_text("1 malformed or incomplete")
        expect(report).to_contain_text("line 4")
        expect(page.get_by_text("2 mutants are listed, 2 of them non-silent")).to_be_visible()
        assert "Traceback" not in page.content()
        page.close()
