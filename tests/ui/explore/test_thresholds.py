"""The line of warning in Explore."""

from dataclasses import replace

import pytest

from explorer.domain.errors import ExplorerError
from explorer.domain.thresholds import Accuracy
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.moves import Moves
from explorer.ui.explore.thresholds import WatchHandlers
from explorer.ui.explore.trials import Trial
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, WANTED, last


@pytest.fixture
def trial(handlers: Handlers, start: Exploration) -> Trial:
    """A finished run."""
    exploration = Moves(handlers).read_notation(start, "norm*-1", ADA)[0]
    found: Trial = last(handlers.run(ADA, exploration, WANTED, *ASKED))[5]
    return found


def test_a_genotype_that_passes_a_threshold(workspace: Workspace, trial: Trial) -> None:
    warned = WatchHandlers(workspace).warn(trial, 0.1, 0.01, 0.05)
    assert "Perplexity of the control text ×" in warned
    assert "· Mean KL" in warned
    assert "<code>norm*-1</code>" in warned
    ratio = workspace.instruments.control_ratio(workspace.models.get(), workspace.models.get().anatomy.read("norm*-1"))
    assert WatchHandlers(workspace).warn(trial, ratio * 1.01, None, None) == ""
    assert WatchHandlers(workspace).warn(trial, ratio * 0.99, None, None) != ""


def test_no_trial_no_mutation_no_limits_no_warning(workspace: Workspace, trial: Trial) -> None:
    own = WatchHandlers(workspace)
    assert own.warn(None, 0, 0, 0) == ""
    assert own.warn(replace(trial, genotype=""), 0, 0, 0) == ""
    assert own.warn(trial, None, None, None) == ""


def test_an_overflow_passes_every_limit(workspace: Workspace, trial: Trial) -> None:
    overflowing = replace(trial, genotype="1.down=1e38", mean_kl=None)
    warned = WatchHandlers(workspace).warn(overflowing, 1e9, 1e9, None)
    assert "control text ×∞" in warned
    assert "Mean KL ∞ nats" in warned


def test_accuracy_is_measured_where_it_can_be(
    workspace: Workspace, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def measure(model: str, genotype: str) -> Accuracy:
        asked.append((model, genotype))
        return Accuracy(task="capitals", original=0.9, mutated=0.4)

    monkeypatch.setattr(workspace, "accuracy", measure)
    own = WatchHandlers(workspace)
    assert "Accuracy in capitals 90% → 40% (limit −5%)" in own.warn(trial, None, None, 0.05)
    assert asked == [(workspace.source, "norm*-1")]
    assert own.warn(trial, None, None, None) == ""
    assert len(asked) == 1

    def refuse(_model: str, _genotype: str) -> Accuracy:
        raise ExplorerError("The questions cannot be read.")

    monkeypatch.setattr(workspace, "accuracy", refuse)
    assert "The questions cannot be read." in own.warn(trial, None, None, 0.05)
