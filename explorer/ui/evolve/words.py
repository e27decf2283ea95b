"""The lines and tables of the tab Evolve: what is asked, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from explorer.domain.evolution import LINE_BREAK, EvolutionOrder, Target
from explorer.domain.evolved import Progress, Rated, Verdict
from explorer.reports.evolution import ROLES, THAN
from explorer.reports.screens import duration
from explorer.store.evolutions import StoredEvolution
from explorer.ui.components.queue_list import queue_row
from explorer.workspace.queue import Entry

CHAT, RAW = "Chat", "Raw text"
NOTHING = (
    '<p class="caption">Nothing has been evolved yet. Press a preset, then Start: generations appear here as they are '
    "measured, and at the end what is real of them.</p>"
)
FAMILY = (
    '<h3>The winner\'s family</h3><p class="caption">Whom it comes from, from left to right, and what was new in each. '
    "A click on a mark, here or above, opens it in Explore.</p>"
)


def prompts_text(prompts: Sequence[str]) -> str:
    """Prompts as they stand in their box, one a line."""
    return "\n".join(prompt.replace("\n", LINE_BREAK) for prompt in prompts)


def prompts_of(text: str) -> tuple[str, ...]:
    """The prompts of the box."""
    return tuple(line.replace(LINE_BREAK, "\n") for line in text.splitlines())


def entry_row(entry: Entry) -> dict[str, Any]:
    """One entry of the queue, as assets/queue_list.js draws it."""
    order, progress = entry.order, entry.progress
    assert isinstance(order, EvolutionOrder)
    return queue_row(
        entry,
        title=order.evolution.title,
        what=", ".join(target.name for target in order.evolution.targets),
        told=_told(progress) if progress else _BEFORE.get(entry.state, ""),
    )


_BEFORE = {
    "waiting": "Waits for the one before it.",
    "starting": "Getting ready …",
    "running": "Looking for a first generation: estimates, stored screens, findings, chance …",
}
"""What is told of one that has measured nothing yet, by its state."""


def _told(progress: Progress) -> str:
    if progress.phase == "done":
        return f"{progress.done:,} genotypes, those by chance included"
    if not progress.done:
        return _BEFORE["running"]
    told = f"{progress.phase}: {progress.done:,} of {progress.total:,} genotypes"
    if progress.per_minute:
        told += f", {progress.per_minute:,.0f} a minute, {duration(progress.seconds_left)} left"
    return told


def evolution_label(stored: StoredEvolution) -> str:
    """One in a list of those that are stored."""
    state = "" if stored.verdict else " · not at its end"
    return f"{stored.number} · {stored.asked.title} · {stored.model}{state}"


def live_html(progress: Progress | None) -> str:
    """What the best of a running evolution says by now."""
    if progress is None or not progress.text:
        return ""
    return (
        f'<div class="evolved"><p class="caption">The best so far says, generation {progress.generation}:</p>'
        f'<p><b>{escape(progress.prompt)}</b></p><blockquote dir="auto">{escape(progress.text)}</blockquote></div>'
    )


def verdict_html(stored: StoredEvolution) -> str:
    """The honest account of one that has come to its end; how far it is of another."""
    verdict, targets = stored.verdict, stored.asked.targets
    if verdict is None:
        return f'<p class="caption">{stored.measured:,} genotypes are measured. The account comes at the end.</p>'
    return "".join(
        [_text_html(verdict), _table_html(verdict, targets), _margins_html(verdict, targets[0]),
         _shares_html(verdict, targets[0])]
    )  # fmt: skip


def _text_html(verdict: Verdict) -> str:
    if not verdict.text:
        return ""
    ties = f" {verdict.near_ties} of its held-out answers are near ties." if verdict.near_ties else ""
    return (
        f'<div class="evolved"><p class="caption">The winner, asked what the search has not seen:{ties}</p>'
        f'<p><b>{escape(verdict.prompt)}</b></p><blockquote dir="auto">{escape(verdict.text)}</blockquote></div>'
    )


def _table_html(verdict: Verdict, targets: Sequence[Target]) -> str:
    heads = "".join(f'<th colspan="2" scope="colgroup">{escape(target.name)}</th>' for target in targets)
    sides = '<th scope="col">seen</th><th scope="col">held out</th>' * len(targets)
    rows = "".join(_row_html(rated, targets) for rated in verdict.rated)
    return (
        f'<div class="table-scroll"><table class="verdict"><thead><tr><td></td>{heads}<td></td></tr>'
        f'<tr><td></td>{sides}<th scope="col">genotype</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="caption">{verdict.tried:,} genotypes were tried, and {verdict.random:,} by chance beside them; '
        f"{verdict.singles:,} of all are single mutants. “Seen” is what the search saw, and too good for whatever was "
        "chosen by it; “held out” was split off before it began.</p>"
    )


def _row_html(rated: Rated, targets: Sequence[Target]) -> str:
    cells = ""
    for place, target in enumerate(targets):
        for values in (rated.search, rated.held_out):
            cells += f"<td>{escape(target.told(values[place])) if values else '–'}</td>"
    kind = ' class="winner"' if rated.role == "winner" else ""
    return (
        f'<tr{kind}><th scope="row">{ROLES[rated.role]}</th>{cells}'
        f"<td><code>{escape(rated.genotype).replace(';', ';<wbr>') or '—'}</code></td></tr>"
    )


def _margins_html(verdict: Verdict, first: Target) -> str:
    """The winner beside each rival on the first target."""
    lines = []
    for margin in verdict.margins:
        if margin.target != first.name:
            continue
        interval = ""
        if margin.low is not None and margin.high is not None:
            low, high = (first.difference_told(end, has_unit=False) for end in (margin.low, margin.high))
            interval = f", 95 % interval of the difference {low} to {high}"
        how = "better" if margin.mean > 0 else "worse"
        beside = (
            f"<b>{first.difference_told(abs(margin.mean))} {how}</b> than"
            if margin.mean
            else "<b>no different</b> from"
        )
        doubt = "" if margin.p < 0.05 else ": chance is not ruled out"  # noqa: PLR2004
        lines.append(
            f"<li>{beside} {THAN[margin.rival]}{interval}; p {margin.p:.2g} over {margin.items} items{doubt}.</li>"
        )
    return f"<h3>On what was held out, the winner is</h3><ul>{''.join(lines)}</ul>" if lines else ""


def _shares_html(verdict: Verdict, first: Target) -> str:
    """What the winner loses without each of its mutations."""
    if not verdict.shares:
        return ""
    lines = [
        f"<li><code>{escape(share.mutation)}</code>: without it {escape(first.name)} is "
        f"{'an overflow' if share.held_out is None else escape(first.told(share.held_out))} on what was held out.</li>"
        for share in verdict.shares
    ]
    return f"<h3>Which of its mutations matter</h3><ul>{''.join(lines)}</ul>"
