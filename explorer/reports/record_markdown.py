"""Entries of the lab record as a Markdown page. Texts stand in fences, so that nothing in them is read as Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from explorer.domain.placement import placement_of
from explorer.domain.record import Entry, metric_name
from explorer.reports.again import mutate_command
from explorer.reports.record import KIND_NAMES, metric_told, setup_told, time_told, title_of

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def markdown_report(entries: Sequence[Entry]) -> str:
    """A contents table, then every entry."""
    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {len(entries)} of the entries of the lab record."
    rows = "\n".join(
        f"| {entry.number} | {entry.time:%Y-%m-%d %H:%M} | {KIND_NAMES[entry.run.kind]} "
        f"| {_plain(title_of(entry.run))} | {_plain(', '.join(entry.tags))} |"
        for entry in entries
    )
    head = (
        f"# Mutation Explorer: report\n\n{made}\n\n| # | time (UTC) | kind | genotype | tags |\n|---|---|---|---|---|\n"
    )
    return f"{head}{rows}\n\n" + "\n".join(_entry(entry) for entry in entries)


def _entry(entry: Entry) -> str:
    run = entry.run
    parts = [f"## {entry.number}. {_plain(title_of(run))}", time_told(entry)]
    if entry.tags:
        parts.append(f"Tags: {_plain(', '.join(entry.tags))}")
    if entry.note:
        parts.append(_fenced(entry.note))
    rows = [("Kind", KIND_NAMES[run.kind]), *setup_told(entry)]
    rows += [(metric_name(name), metric_told(name, value)) for name, value in run.metrics.items()]
    parts.append("| | |\n|---|---|\n" + "\n".join(f"| {_plain(name)} | {_plain(value)} |" for name, value in rows))
    for title, text in (
        ("Genotypes", "\n".join(run.genotypes)),
        ("Prompt", run.prompt.text if run.prompt else ""),
        ("Original", run.original or ""),
        ("Mutated", run.mutated or ""),
        ("Details", json.dumps(run.detail, ensure_ascii=False, indent=2) if run.detail else ""),
        ("Again", again(entry)),
    ):
        if text:
            parts.append(f"### {title}\n\n{_fenced(text)}")
    return "\n\n".join(parts) + "\n"


def again(entry: Entry) -> str:
    """The command that repeats an entry, where one does."""
    run = entry.run
    if run.kind != "explore" or run.prompt is None or run.decoding is None:
        return ""
    setup = entry.setup
    placement = placement_of(setup.dtype)
    return mutate_command(run.genotype, run.prompt, run.decoding, model=setup.source, placement=placement)


def _fenced(text: str) -> str:
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
