"""The command that rehearses a programme, and hands it out as one file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from explorer.commands.options import Session, counted, edge
from explorer.domain.errors import ProgrammeError
from explorer.domain.programme import Programme
from explorer.files.programmes import read_programme
from explorer.files.settings import DEMO
from explorer.workspace.rehearsed import Rehearsed

MOST_BYTES = 6_000_000
"""Of a page that is handed out without a remark."""


@edge
def programme(
    session: Session,
    file: Annotated[
        Path | None, typer.Argument(help="A TOML file of steps (docs/stage.md); by default the demo model's presets.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="A new file: the programme as one page that needs neither us nor a network.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where recorded runs go and are looked for; by default in the cache.")
    ] = None,
) -> None:
    """Run all steps of a programme once, so that the page shows them at once; write it as one HTML file."""
    asked = None if file is None else read_programme(file)
    if html is not None and html.exists():
        raise ProgrammeError(f"{html} is there already: name a new file.")
    if asked is not None and session.source == DEMO:
        session = replace(session, source=asked.model)
    workspace, model = session.load()
    shown = replace(asked or workspace.programme, model=session.model)
    rehearsal = workspace.rehearsal_in(folder)
    steps = list(counted(rehearsal.steps(model, shown), len(shown.steps), as_json=session.as_json))
    report = _report(shown, steps)
    if html is not None:
        from explorer.ui.standalone.programme_file import programme_html  # the page's components draw it: gradio

        report["html"] = str(html)
        report["bytes"] = _write(html, programme_html(shown, steps, session.placement))
    session.show(report, _lines)


def _write(path: Path, page: str) -> int:
    """Its size. Raises ProgrammeError if it cannot be written."""
    try:
        with path.open("xb") as opened:
            return opened.write(page.encode())
    except OSError as fault:
        raise ProgrammeError(f"{path} cannot be written: {fault.strerror}.") from fault


def _report(shown: Programme, steps: list[Rehearsed]) -> dict[str, Any]:
    return {
        "title": shown.title,
        "model": shown.model,
        "steps": [
            {
                "title": each.step.title,
                "genotype": each.recording.genotype,
                "prompt": each.step.prompt.text,
                "original": "".join(each.recording.update.original),
                "mutated": "".join(each.recording.update.mutated),
                "first_divergence": each.recording.update.first_divergence,
                "curves": [curve.site for curve in each.curves],
                "maps": [f"{mapped.matrix} in {mapped.screen.experiment}" for mapped in each.maps],
            }
            for each in steps
        ],
    }


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield f"{report['title']}: {len(report['steps'])} steps are ready."
    for number, step in enumerate(report["steps"], 1):
        place = step["first_divergence"]
        parted = "silent" if place is None else f"diverges at token {place + 1}"
        yield f"{number:3} {step['title']}: {step['genotype'] or 'the original'}, {parted}"
    if "html" in report:
        yield f"{report['html']}: {report['bytes'] / 1e6:.1f} MB"
        if report["bytes"] > MOST_BYTES:
            yield "That is much for a page: leave maps or curves out, or let the texts be shorter."
