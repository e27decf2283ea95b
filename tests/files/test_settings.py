"""Every setting is documented, and read from its variable."""

import re
from pathlib import Path

import pytest

from explorer.domain.errors import SettingsError
from explorer.files import settings as module
from explorer.files.settings import Settings
from tests.checkout import ROOT


def test_every_setting_is_documented() -> None:
    variables = set(re.findall(r"EXPLORER_[A-Z_]+", Path(module.__file__).read_text(encoding="utf-8")))
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert variables
    assert all(f"`{variable}`" in documented for variable in variables)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path))
    monkeypatch.setenv("EXPLORER_BASELINES", "3")
    settings = Settings()
    assert (settings.cache_folder, settings.baselines_kept) == (tmp_path, 3)


@pytest.mark.parametrize("text", ["abc", "-1", "0", "1.5", "²"])
def test_a_count_that_is_none_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EXPLORER_BASELINES", text)
    with pytest.raises(SettingsError, match="EXPLORER_BASELINES must be a whole number"):
        Settings()


def test_the_record_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().keeps_record
    monkeypatch.setenv("EXPLORER_RECORD", "0")
    assert not Settings().keeps_record
    monkeypatch.setenv("EXPLORER_RECORD", "no")
    with pytest.raises(SettingsError, match="EXPLORER_RECORD must be 1"):
        Settings()
