"""Models that many tests share; none of them is ever written to, except by the oracle, which restores."""

from collections.abc import Iterator

import hypothesis
import pytest

from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
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
