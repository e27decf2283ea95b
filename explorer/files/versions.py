"""Which versions computed a result: this program's and those of the libraries that decide its numbers.

Read from what is installed, so that asking imports none of them.
"""

from importlib.metadata import PackageNotFoundError, version

PROGRAM = "mutation-explorer"
_LIBRARIES = ("torch", "transformers")


def program_version() -> str:
    """Of this program; `unknown` where it runs without being installed."""
    return _version(PROGRAM)


def versions() -> dict[str, str]:
    """By name: the program, torch and transformers."""
    return {name: _version(name) for name in (PROGRAM, *_LIBRARIES)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
