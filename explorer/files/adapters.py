"""The adapters that come with the program, by name."""

from pathlib import Path

from explorer.files.shipped import shipped


def shipped_adapter(name: str) -> Path | None:
    """The folder of an adapter that comes along; None: there is none of that name."""
    folder = shipped("data") / "adapters" / name
    return folder if name in shipped_adapters() else None


def shipped_adapters() -> list[str]:
    """Their names."""
    return sorted(file.parent.name for file in (shipped("data") / "adapters").glob("*/adapter_config.json"))
