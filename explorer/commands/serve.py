"""The command that opens the dashboard."""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from explorer.commands.options import Session, edge, starting
from explorer.files.programmes import read_programme
from explorer.files.settings import DEMO


@edge
def serve(
    session: Session,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine need --auth.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 7860,
    share: Annotated[bool, typer.Option("--share", help="Also open a public link; needs --auth.")] = False,
    auth: Annotated[str | None, typer.Option(metavar="USER:PASSWORD", help="Ask visitors for this login.")] = None,
    mmlu: Annotated[
        Path | None, typer.Option(help="A folder in MMLU's layout; its questions are offered beside the bundled ones.")
    ] = None,
    programme: Annotated[
        Path | None,
        typer.Option(help="A TOML file of steps (docs/stage.md), in place of the presets; warmed up at the start."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name", help="A name that the page is called by, such as that of a proxy before it; repeatable."
        ),
    ] = None,
    console: Annotated[
        bool | None,
        typer.Option(
            "--console/--no-console",
            help="Let visitors ask the database in SQL, which reads nothing else; by default on this machine alone.",
        ),
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also serve the functions for programs as MCP tools.")] = False,
) -> None:
    """Open the dashboard."""
    shown = None if programme is None else read_programme(programme)
    is_asked = session.source != DEMO or session.revision is not None
    model = session.model if shown is None or is_asked else shown.model
    if shown is not None:
        shown = replace(shown, model=model)
    with starting():
        from explorer.ui.serving import Serving, run  # the other commands do without gradio

        run(
            Serving(
                model=model,
                placement=session.placement,
                host=host,
                port=port,
                share=share,
                auth=auth,
                mmlu=mmlu,
                programme=shown,
                open_browser=open_browser,
                names=tuple(names or ()),
                console=console,
                mcp=mcp,
                announce=_announcer(session.as_json),
                when_open=gc.enable,
            )
        )


def _announcer(as_json: bool) -> Callable[[dict[str, Any]], None]:
    """Says where the page is, once it can be opened, and when the model is ready."""

    def announce(facts: dict[str, Any]) -> None:
        if as_json:
            typer.echo(json.dumps(facts))
        elif "programme" in facts:
            typer.echo(facts["programme"])
        elif "url" in facts:
            typer.echo(f"The dashboard is open at {facts['url']} (Ctrl-C ends it)")
            if "mcp" in facts:
                typer.echo(f"Its MCP server is at {facts['mcp']}")
        else:
            typer.echo(facts["fault"] or "The model is ready.")
        sys.stdout.flush()

    return announce
