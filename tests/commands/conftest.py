"""A model for commands."""

import pytest

from tests.tiny import saved_model


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A saved tiny model, which has no chat template."""
    return saved_model(tmp_path_factory.mktemp("models") / "tiny")
