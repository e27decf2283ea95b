"""The picture of the house: docs/architecture.md against the tree, and rules that no import contract can say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
EXPLORER = ROOT / "explorer"
TAB_FILES = {"__init__", "layout", "form", "handlers", "wiring", "words"}
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _folders(path: Path) -> set[str]:
    return {each.name for each in path.iterdir() if each.is_dir() and (each / "__init__.py").exists()}


def _first_cells(heading: str) -> set[str]:
    """The names in the first column of the table that has a heading."""
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    return {name.rstrip("/") for row in rows for name in re.findall(r"`([\w./]+)`", row)}


def test_the_page_lists_the_rooms() -> None:
    doors = {path.name for path in EXPLORER.glob("*.py")} - {"__init__.py"}
    assert _first_cells("| room | owns | does not know |") == _folders(EXPLORER) | doors


def test_the_page_lists_the_folders_of_the_page() -> None:
    folders = _folders(EXPLORER / "ui")
    named = _first_cells("| folder | what it is |")
    assert named == folders


def test_every_tab_has_the_same_files() -> None:
    for name in ("gallery", "screen", "statistics", "history", "guide", "tasks/writers", "tasks/questions", "compare",
                 "compare/blind", "model", "stage", "history/draft"):  # fmt: skip
        files = {path.stem for path in (EXPLORER / "ui" / name).glob("*.py")}
        assert files <= TAB_FILES, name
        assert "layout" in files, name


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_documents_name_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for named in re.findall(r"`((?:explorer|tests|data|docs|assets|benchmarks)/[\w./-]*)`", text):
        assert (ROOT / named).exists(), named
    for linked in re.findall(r"\]\(([\w./-]+\.md)\)", text):
        assert (path.parent / linked).exists(), linked


def test_documents_import_what_is_there() -> None:
    for path in TEXTS:
        for module in re.findall(r"^\s*from (explorer[\w.]*) import", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert (ROOT / f"{module.replace('.', '/')}.py").exists(), (path, module)


def test_packages_are_empty() -> None:
    assert [path for path in EXPLORER.rglob("__init__.py") if path.read_text(encoding="utf-8").strip()] == []


def test_scripts_are_named_like_the_components_that_they_draw() -> None:
    components = {path.stem for path in (EXPLORER / "ui" / "components").glob("*.py")} - {"__init__", "scripted"}
    pages = {path.stem for path in (EXPLORER / "ui" / "standalone").glob("*.py")} - {"__init__"}
    scripts = {path.stem for path in (ROOT / "assets").glob("*.js")} - {"elements", "figure_keys"}  # helpers of these
    assert scripts == components | pages


def test_docstrings_name_modules_that_are_there() -> None:
    """Such as `screen.order`, in a docstring or a comment."""
    rooms = "|".join(sorted(_folders(EXPLORER)))
    missing = []
    for path in EXPLORER.rglob("*.py"):
        for named in re.findall(rf"`((?:{rooms})(?:\.\w+)+)`", path.read_text(encoding="utf-8")):
            parts = named.split(".")
            places = (EXPLORER.joinpath(*parts[:length]) for length in range(2, len(parts) + 1))
            if not any(place.with_suffix(".py").exists() or place.is_dir() for place in places):
                missing.append((str(path.relative_to(ROOT)), named))
    assert missing == []


@pytest.mark.parametrize(
    ("imported", "heavy"),
    [
        ("import explorer.ui.serving", {"torch", "transformers"}),
        ("import explorer.cli; [explorer.cli.app.info.cls().get_command(None, name) for name in explorer.cli.PLACES]",
         {"torch", "transformers", "gradio"}),
    ],
    ids=["page", "commands"],
)  # fmt: skip
def test_what_is_needed_at_the_start_brings_nothing_heavy(imported: str, heavy: set[str]) -> None:
    """A page, a help text and a mistake need not wait for what takes seconds."""
    code = f"{imported}; import sys; print(*({heavy!r} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
