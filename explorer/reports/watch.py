"""What is said of a watch file that was run again: plain values, and their lines for people."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from explorer.domain.parting import parting
from explorer.domain.watch import Found, Verdict, WatchFile
from explorer.reports.tables import table_lines

_SHOWN = 36
"""Letters of a text, from where it differs."""


def watch_report(
    watch: WatchFile, found: Sequence[Found], verdicts: Sequence[Verdict], made: Mapping[str, str], *, updated: bool
) -> dict[str, Any]:
    """The comparison of each run, and which versions are others than those that the file was made with."""
    runs = [
        {
            "genotype": run.genotype,
            "prompt": run.prompt,
            "line": run.line,
            "status": verdict.status,
            "near_ties": verdict.near_ties,
            "differences": [_plain(asdict(each)) for each in verdict.differences],
            "result": _plain(asdict(each.result)),
        }
        for run, verdict, each in zip(watch.runs, verdicts, found, strict=True)
    ]
    versions = {
        name: {"expected": watch.made.get(name), "found": version}
        for name, version in made.items()
        if watch.made.get(name) != version
    }
    counts = Counter(verdict.status for verdict in verdicts)
    return {
        "file": str(watch.path),
        "counts": dict(counts),
        "updated": updated,
        "versions": versions if watch.made else {},
        "runs": runs,
    }


def watch_lines(report: dict[str, Any]) -> Iterator[str]:
    """The table for people, what changed below its run, and the versions that are others."""
    rows = [(run["genotype"], _cut(run["prompt"]), run["status"]) for run in report["runs"]]
    table = table_lines(("genotype", "prompt", "result"), rows, texts=3)
    for run, line in zip([None, *report["runs"]], table, strict=True):
        yield line
        for difference in run["differences"] if run else ():
            yield f"    {difference['what']}: {_change(difference['expected'], difference['found'])}"
    yield ", ".join(f"{count} {status}" for status, count in sorted(report["counts"].items())) + "."
    for name, change in report["versions"].items():
        yield f"{name}: {_change(change['expected'], change['found'])}, since the file was written."
    if "near tie" in report["counts"]:
        yield "near tie: the text parts where rounding may decide; it counts as the same."
    if report["updated"]:
        yield f"Written to {report['file']}: this is what is expected from now on."
    elif "new" in report["counts"]:
        yield "new: nothing is expected yet; write what was found with --update."


def _change(before: Any, now: Any) -> str:
    if isinstance(before, str) and isinstance(now, str):
        start = min(parting(before, now), max(0, min(len(before), len(now)) - 1))
        return f"{_quoted(before, start)} → {_quoted(now, start)}"
    return f"{_value(before)} → {_value(now)}"


def _quoted(text: str, start: int) -> str:
    start = max(0, start - 8)
    return ("…" if start else "") + _cut(text[start:])


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _value(value: Any) -> str:
    return "none" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: it becomes the text `overflow`."""
    return {name: _finite(value) for name, value in table.items()}


def _finite(value: Any) -> Any:
    return "overflow" if isinstance(value, float) and not math.isfinite(value) else value
