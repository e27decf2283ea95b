"""The command that installs the demo model."""

import subprocess
import sys

from explorer.commands.options import Output, edge
from explorer.domain.errors import ModelError
from explorer.files.demo import PACKAGE, demo_file, installing_command


@edge
def demo(output: Output) -> None:
    """Install the demo model, SmolLM2-135M-Instruct (94 MB), beside this program."""
    try:
        was_there = bool(demo_file())
    except ModelError:
        was_there = False
        _install()
    report = {"package": PACKAGE, "installed": True, "was_there": was_there}
    told = "The demo model is there already." if was_there else "The demo model is installed."
    output.show(report, lambda _: iter([told]))


def _install() -> None:
    """Raises ModelError if that fails; what the installer says goes to standard error."""
    done = subprocess.run(installing_command(), stdout=sys.stderr, check=False)
    if done.returncode:
        raise ModelError("The demo model could not be installed: the lines above say why.")
