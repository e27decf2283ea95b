"""The command line, as a table of contents. The commands only parse, ask the workspace and print.

Every command prints one JSON object with `--json`. Faults that the user can mend are one sentence on
standard error and exit code 2.
"""

import typer

from explorer.commands import (
    comparison,
    exchange,
    explore,
    gallery,
    instruments,
    record,
    statistics,
    study,
    tasks,
    watch,
)
from explorer.commands import screens as screening
from explorer.commands import serve as page

app = typer.Typer(
    name="mutation-explorer",
    help="Mutate a language model, weight by weight, and read what it says.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in (
    page.serve,
    explore.mutate,
    explore.anatomy,
    explore.weights,
    instruments.dose,
    instruments.sensitive,
    instruments.sensitivity,
    instruments.propagation,
    instruments.epistasis,
    tasks.rihf,
    tasks.scan,
    tasks.questions,
    tasks.retest,
    comparison.compare,
    screening.screen,
    screening.sql,
    screening.export,
    screening.import_,
    statistics.stats,
    gallery.gallery,
    study.import_study,
    record.history,
    record.report,
    exchange.save,
    exchange.patch,
    exchange.apply,
    exchange.lm_eval,
    watch.watch,
):
    app.command(command.__name__.rstrip("_").replace("_", "-"))(command)


def main() -> None:
    """The script `mutation-explorer`."""
    app()
