"""The patch file of the page."""

import base64
import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from explorer.cli import app
from explorer.mutation.patch_file import parse_patch
from explorer.ui.explore import patches
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.moves import Moves
from explorer.ui.explore.patches import Patches
from explorer.ui.explore.trials import Trial, patch_command, save_command
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, WANTED, last


@pytest.fixture
def trial(handlers: Handlers, start: Exploration) -> Trial:
    """A finished run."""
    exploration = Moves(handlers).read_notation(start, "0.down*-1", ADA)[0]
    found: Trial = last(handlers.run(ADA, exploration, WANTED, *ASKED))[5]
    return found


def test_the_patch_of_the_present_result(workspace: Workspace, trial: Trial) -> None:
    value, notice = Patches(workspace).hand_out(trial)
    told = json.loads(value)
    patch = parse_patch(base64.b64decode(told["content"]).decode(), told["name"])
    assert (told["name"], notice) == ("mutation.patch.json", "")
    assert (patch.genotype, patch.fingerprint) == ("0.down*-1", workspace.models.get().fingerprint)


def test_what_cannot_be_handed_out_is_said(workspace: Workspace, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no mutation to write" in Patches(workspace).hand_out(replace(trial, genotype=""))[1]
    monkeypatch.setattr(patches, "MOST_WEIGHTS", 100)
    assert "1,536 weights is too large" in Patches(workspace).hand_out(trial)[1]
    assert all("value" not in output for output in Patches(workspace).hand_out(None))


def test_the_commands_that_write_it(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command, path in ((patch_command(trial), "mutant.patch.json"), (save_command(trial), "mutant")):
        _, _, _, *arguments = shlex.split(command)
        result = CliRunner().invoke(app, [*arguments, "--json"])
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["genotype"] == "0.down*-1"
        assert (tmp_path / path).exists()
