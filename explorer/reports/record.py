"""What is told of entries of the lab record: plain values for JSON, lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from explorer.domain.decoding import Prompt
from explorer.domain.record import Entry, Page, Run, RunKind, metric_name
from explorer.domain.screens import operations_told, unit_told

KIND_NAMES: dict[RunKind, str] = {
    "explore": "Explore",
    "screen": "Screen",
    "comparison": "Comparison",
    "rihf": "RIHF",
    "questions": "Questions",
    "watch": "Watch",
    "talk": "Talk",
    "evolution": "Evolution",
}

_WHOLE = 1000
"""Numbers from here on have no decimals."""


def entry_report(entry: Entry) -> dict[str, Any]:
    """Everything that the record has of an entry."""
    run = asdict(entry.run)
    return {
        "number": entry.number,
        "time": entry.time.isoformat(timespec="seconds"),
        **asdict(entry.setup),
        **run,
        "genotypes": list(entry.run.genotypes),
        "tags": list(entry.tags),
        "note": entry.note,
    }


def page_report(page: Page) -> dict[str, Any]:
    """Some entries, and how many there are in all."""
    return {"total": page.total, "entries": [entry_report(entry) for entry in page.entries]}


def page_lines(report: Mapping[str, Any], page: Page) -> Iterator[str]:
    """Some entries for people, one a paragraph."""
    if not page.entries:
        yield "No entry: runs appear here as they end."
        return
    for entry in page.entries:
        marks = "".join(f" #{tag}" for tag in entry.tags)
        yield (
            f"{entry.number:>5}  {time_told(entry)}  {KIND_NAMES[entry.run.kind]}, "
            f"{entry.setup.model}  {title_of(entry.run)}{marks}"
        )
        for line in (entry.run.prompt and entry.run.prompt.text, entry.run.mutated, entry.note):
            if line and line.strip():
                yield f"       {line.strip().splitlines()[0]}"
        yield f"       {', '.join(metrics_told(entry.run))}\n"
    yield f"{len(page.entries)} of {report['total']} entries"


def title_of(run: Run) -> str:
    """What a run is known by: its genotype; of a screen, its plan."""
    plan = run.detail.get("plan")
    if run.kind == "screen" and plan:
        background = f" on {run.genotype}" if run.genotypes else ""
        return f"{plan['matrices']} · {unit_told(plan)} · {operations_told(plan)}{background}"
    return run.genotype or str(run.detail.get("title", "original"))


def metrics_told(run: Run) -> list[str]:
    """The metrics of a run, each in words; those of a run that changes nothing begin with `silent`."""
    told = [
        f"{_inside(metric_name(name))} {number_told(value)}"
        for name, value in run.metrics.items()
        if name != "first_divergence"
    ]
    if "first_divergence" in run.metrics:
        parted = metric_told("first_divergence", run.metrics["first_divergence"])
        told = [f"parts at {parted}", *told]
    elif run.kind == "explore":
        told = ["silent", *told]
    return [*told, "shown from a recording"] if run.detail.get("recorded") else told


def metric_told(metric: str, value: float) -> str:
    """The value of a metric; tokens are counted from 1, as everywhere that people read."""
    return f"token {value + 1:.0f}" if metric == "first_divergence" else number_told(value)


def time_told(entry: Entry) -> str:
    """When an entry ended, to the minute."""
    return f"{entry.time:%Y-%m-%d %H:%M} UTC"


def _inside(name: str) -> str:
    """A name within a sentence."""
    return name[:1].lower() + name[1:]


def number_told(value: float) -> str:
    """A number, short."""
    return (f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}").replace("-", "−")


def setup_told(entry: Entry) -> list[tuple[str, str]]:
    """What an entry was made with, as names and values."""
    setup, run = entry.setup, entry.run
    told = [
        ("Model", f"{setup.model} ({setup.source})" if setup.source != setup.model else setup.model),
        ("Fingerprint", setup.fingerprint),
        ("Computed", f"{setup.device}, {setup.dtype}"),
        ("Versions", f"program {setup.program}, torch {setup.torch}, transformers {setup.transformers}"),
    ]
    if run.prompt:
        told.append(("Prompt as", "chat" if run.prompt.chat else "raw text"))
        told += _with_prompt(run.prompt)
    if run.decoding:
        decoding = asdict(run.decoding)
        told.append(("Decoding", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in decoding.items())))
    return told


def _with_prompt(prompt: Prompt) -> list[tuple[str, str]]:
    """What went with a prompt."""
    said = {turn.role: turn.text for turn in prompt.turns}
    earlier = f"{len(prompt.turns)}, the last: {said.get('assistant') or said.get('user')}" if prompt.turns else ""
    rows = (
        ("System prompt", prompt.system or ""),
        ("Thinking", "yes" if prompt.thinking else ""),
        ("Beginning of the answer", prompt.prefill),
        ("Earlier turns", earlier),
    )
    return [(name, value) for name, value in rows if value]
