"""The patch file, as a visitor downloads it."""

from pathlib import Path

from explorer.model.loaded import LoadedModel
from explorer.mutation.patch import patched_copy
from explorer.mutation.patch_file import read_patch
from tests.browser.page import Visitor


def test_the_patch_file_is_downloaded(visitor: Visitor, demo: LoadedModel, tmp_path: Path) -> None:
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    takeaway = visitor.page.locator(".takeaway")
    with visitor.page.expect_download() as download:
        takeaway.get_by_role("button", name="Patch file", exact=True).click()
    assert download.value.suggested_filename == "mutation.patch.json"
    download.value.save_as(tmp_path / "mutation.patch.json")
    patch = read_patch(tmp_path / "mutation.patch.json")
    assert patch.genotype == "11.down[507,1229]=0"
    copy = patched_copy(demo, patch, demo.name)
    assert float(copy.get_parameter("model.layers.11.mlp.down_proj.weight").detach()[507, 1229]) == 0
    takeaway.get_by_role("button", name="save command", exact=True).click()
    visitor.page.wait_for_function("document.querySelector('.takeaway .done')")
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied == "python -m explorer save '11.down[507,1229]=0' --folder mutant --model demo"
