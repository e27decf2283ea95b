"""Evolutions as plain values, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from explorer.domain.evolution import KINDS, Target, read_target
from explorer.domain.evolved import Progress
from explorer.files.evolutions import NamedEvolution
from explorer.reports.screens import duration
from explorer.reports.tables import table_lines
from explorer.store.evolutions import StoredEvolution

ROLES = {
    "winner": "winner",
    "front": "trade-off",
    "original": "where it starts",
    "best single mutant": "best single mutant",
    "best random genotype": "best by chance",
}
"""What people are told of the parts that genotypes play."""
THAN = {"original": "where it starts", "best single mutant": "the best single mutant",
        "best random genotype": "the best by chance"}  # fmt: skip
"""What a winner is better than."""


def evolution_report(stored: StoredEvolution) -> dict[str, Any]:
    """What was asked, and what came of it; `verdict` is null of one that has not come to its end."""
    return {
        "kind": "evolution",
        "evolution": stored.number,
        "model": stored.model,
        "fingerprint": stored.fingerprint,
        "started": stored.started.isoformat(),
        "seconds": round(stored.seconds, 1),
        "measured": stored.measured,
        "asked": stored.asked.as_stored(),
        "verdict": None if stored.verdict is None else asdict(stored.verdict),
    }


def evolution_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    asked, verdict = report["asked"], report["verdict"]
    yield f"{asked['title']}: {', '.join(asked['targets'])}"
    if verdict is None:
        yield f"Not at its end: {report['measured']:,} genotypes are measured. Ask again, and it goes on."
        return
    yield (
        f"{verdict['tried']:,} genotypes tried, and {verdict['random']:,} by chance beside them; "
        f"{verdict['singles']:,} of all are single mutants."
    )
    yield ""
    targets = [read_target(name) for name in asked["targets"]]
    head = ["", *(f"{target.name} {side}" for target in targets for side in ("seen", "held out")), "genotype"]
    rows = [
        [
            ROLES[rated["role"]],
            *(cell for place, target in enumerate(targets) for cell in _cells(target, rated, place)),
            rated["genotype"] or "—",
        ]
        for rated in verdict["rated"]
    ]
    yield from table_lines(head, rows, 1)
    yield ""
    yield from (margin_line(margin) for margin in verdict["margins"])
    for share in verdict["shares"]:
        left = "it overflows" if share["held_out"] is None else targets[0].told(share["held_out"])
        yield f"Without {share['mutation']}: {targets[0].name} {left} on what was held out."
    if verdict["near_ties"]:
        yield f"{verdict['near_ties']} of its held-out answers are near ties: rounding may have decided a token."
    if verdict["text"]:
        yield ""
        yield f"{verdict['prompt']}\n> {verdict['text']}"


def _cells(target: Target, rated: Mapping[str, Any], place: int) -> list[str]:
    held = rated["held_out"]
    return [target.told(rated["search"][place]) if rated["search"] else "–", target.told(held[place]) if held else "–"]


def margin_line(margin: Mapping[str, Any]) -> str:
    """The winner beside a rival on one target, in a sentence."""
    target = read_target(margin["target"])
    told = target.difference_told(margin["mean"], sign=True)
    if margin["low"] is not None:
        low, high = (target.difference_told(margin[end], has_unit=False) for end in ("low", "high"))
        told += f" (95 % interval {low} to {high})"
    return (
        f"{target.name}: the winner less {THAN[margin['rival']]}, held out: {told}, better is +; "
        f"p {margin['p']:.3g} over {margin['items']} items."
    )


def progress_line(progress: Progress) -> str:
    """How far an evolution is, in one line that covers the one before."""
    best = ", ".join(f"{value:.3g}" for value in progress.best)
    return (
        f"{progress.phase}, generation {progress.generation}: {progress.done:,} of {progress.total:,}, "
        f"{progress.per_minute:.0f} a minute, {duration(progress.seconds_left)} left; best {best}   "
    )


def list_report(presets: tuple[NamedEvolution, ...], stored: list[StoredEvolution]) -> dict[str, Any]:
    """What is offered, what targets there are, and what is stored."""
    return {
        "presets": [{"name": each.name, **each.evolution.as_stored(), "purpose": each.purpose} for each in presets],
        "targets": {name: kind.says for name, kind in KINDS.items()},
        "evolutions": [evolution_report(each) for each in stored],
    }


def list_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    yield "Presets:"
    yield from (f"  {each['name']}: {each['purpose']}" for each in report["presets"])
    yield "Targets:"
    for name, says in report["targets"].items():
        kind = KINDS[name]
        rest = f":{'|'.join(kind.ways)}" if kind.ways else ":…" if kind.asks else ""
        yield f"  {name}{rest}: {says}"
    yield "Stored:" if report["evolutions"] else "None is stored yet."
    for each in report["evolutions"]:
        state = "at its end" if each["verdict"] else "not at its end"
        yield f"  {each['evolution']}: {each['asked']['title']}, {each['measured']:,} genotypes, {state}"
