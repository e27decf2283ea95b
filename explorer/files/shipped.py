"""Where the files lie that come with the program: data and assets.

In a checkout they are folders beside `explorer`; a wheel brings them inside it.
"""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).parent.parent


def shipped(folder: Literal["data", "assets"]) -> Path:
    """One of the two folders."""
    inside = _PACKAGE / "shipped" / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder
