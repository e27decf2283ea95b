"""Models that many tests share; none of them is ever written to, except by the oracle, which restores."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from huggingface_hub import constants

from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from tests.hub import Hub, hub
from tests.people import build
from tests.tiny import CONFIGURATIONS, kept_model

hypothesis.settings.register_profile("untimed", deadline=None)  # speed is measured in benchmarks/, never in tests
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _no_test_writes_to_the_users_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever keeps runs in a test keeps them in a database of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_DATABASE", str(tmp_path_factory.mktemp("database") / "screens.duckdb"))
        yield


@pytest.fixture(scope="session")
def demo() -> LoadedModel:
    """The bundled demo model."""
    return load_model("demo", device="cpu")


@pytest.fixture(scope="session", params=sorted(CONFIGURATIONS))
def tiny(request: pytest.FixtureRequest) -> LoadedModel:
    """A random two-layer model of each known family in turn."""
    return kept_model(request.param)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one model in two revisions, and an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        served.add("org/small", build(tmp_path / "new", "SmolLM2-360M"))
        served.add("org/small", build(tmp_path / "old", "SmolLM2-360M", rope_theta=5000.0), "old")
        yield served
