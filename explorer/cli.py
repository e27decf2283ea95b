"""The command line, as a table of contents. The commands only parse, ask the workspace and print.

Every command prints one JSON object with `--json`. Faults that the user can mend are one sentence on standard error and
exit code 2. A command's module is imported when the command is asked for, so that none waits for what others use.
"""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from explorer.files.versions import program_version

PANELS = {
    "Explore": {
        "mutate": "explore:mutate",
        "anatomy": "explore:anatomy",
        "weights": "explore:weights",
        "dose": "instruments:dose",
        "sensitive": "instruments:sensitive",
        "special": "instruments:special",
        "sensitivity": "instruments:sensitivity",
        "heads": "instruments:heads",
        "propagation": "instruments:propagation",
        "epistasis": "instruments:epistasis",
        "history": "record:history",
        "report": "record:report",
    },
    "Screens": {
        "screen": "screens:screen",
        "evolve": "evolve:evolve",
        "stats": "statistics:stats",
        "gallery": "gallery:gallery",
        "sql": "screens:sql",
        "export": "screens:export",
        "import": "screens:import_",
        "import-study": "study:import_study",
    },
    "Damage": {
        "damage": "damage:damage",
        "advise": "damage:advise",
    },
    "Behaviour": {
        "rihf": "tasks:rihf",
        "scan": "tasks:scan",
        "questions": "tasks:questions",
        "retest": "tasks:retest",
        "compare": "comparison:compare",
        "watch": "watch:watch",
    },
    "Exchange": {
        "save": "exchange:save",
        "patch": "exchange:patch",
        "apply": "exchange:apply",
        "diff": "exchange:diff",
        "lm-eval": "exchange:lm_eval",
    },
    "Serve": {
        "serve": "serve:serve",
        "programme": "programme:programme",
        "demo": "demo:demo",
    },
}
"""By panel of the help, each command with its function: module and name in `explorer.commands`."""

PLACES = {name: (panel, place) for panel, commands in PANELS.items() for name, place in commands.items()}


class Commands(TyperGroup):
    """The commands of `PANELS`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # its name is given
        """In the order of the help."""
        return list(PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of that name, with its module; None if there is none."""
        if cmd_name not in PLACES:
            return None
        panel, place = PLACES[cmd_name]
        module, _, function = place.partition(":")
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name, rich_help_panel=panel)(getattr(import_module(f"explorer.commands.{module}"), function))
        return typer.main.get_command(alone)


app = typer.Typer(cls=Commands, name="mutation-explorer", no_args_is_help=True, pretty_exceptions_enable=False)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"mutation-explorer {program_version()}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Mutate a language model, weight by weight, and read what it says."""


def main() -> None:
    """The script `mutation-explorer`."""
    app()
