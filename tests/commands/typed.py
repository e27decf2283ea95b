"""A command as a user types it."""

from typer.testing import CliRunner

from explorer.cli import app


def typed(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr
