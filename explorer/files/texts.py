"""The texts on which damage is measured: those of the table, and those that no choice has looked at."""

from dataclasses import dataclass
from pathlib import Path

from explorer.domain.errors import SettingsError
from explorer.files.toml import read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Both kinds."""

    read: tuple[str, ...]
    """What the damage table is measured on."""
    unseen: tuple[str, ...]
    """What an advice is tried on."""


def read_texts(file: Path) -> Texts:
    """The texts of a TOML file, `read` and `unseen`. Raises SettingsError."""
    _, table = read_toml(file, SettingsError)
    found = {name: table.get(name) for name in ("read", "unseen")}
    for name, texts in found.items():
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            raise SettingsError(f"{file}: '{name}' is a list of texts, such as [\"Once upon a time …\"].")
    return Texts(read=tuple(found["read"] or ()), unseen=tuple(found["unseen"] or ()))
