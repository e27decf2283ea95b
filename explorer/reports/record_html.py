"""Entries of the lab record as one HTML file that needs nothing else: no script, no request, pictures as SVG."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape

import polars as pl

from explorer.domain.parting import parting
from explorer.domain.record import Entry, Run, metric_name
from explorer.figures.palette import RUN_COLOURS
from explorer.reports.record import KIND_NAMES, metric_told, metrics_told, setup_told, time_told, title_of
from explorer.reports.record_markdown import again
from explorer.reports.svg import Bar, bars_svg, shares_svg

PICTURED = ("mean_kl", "share_changed", "cosine", "nonsilent")
"""Metrics that are drawn on top, where some entries have them."""
FEWEST_BARS = 2

_STYLE = """
:root { color-scheme: light dark; --ink: #0f172a; --paper: #f6f7fb; --card: #fff; --line: #e2e8f0; --soft: #64748b;
  --original: #0d9488; --mutated: #be123c; --tint: #ffe4e6; --tint-ink: #9f1239; }
@media (prefers-color-scheme: dark) { :root { --ink: #e2e8f0; --paper: #0b1120; --card: #131c31; --line: #26334d;
  --soft: #94a3b8; --original: #2dd4bf; --mutated: #fb7185; --tint: #4c1026; --tint-ink: #fecdd3; } }
body { margin: 0 auto; max-width: 980px; padding: 20px 14px 40px; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 0.85rem; margin: 12px 0 4px; color: var(--soft); }
section, nav { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 18px;
  margin-top: 14px; break-inside: avoid-page; }
small, .soft { color: var(--soft); } code, pre { font-family: ui-monospace, monospace; font-size: 0.88em; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.kind { border-radius: 999px; border: 1px solid var(--kind); padding: 0 9px; font-size: 0.78rem; }
.tag { background: color-mix(in srgb, var(--original) 16%, transparent); border-radius: 999px; padding: 0 9px;
  font-size: 0.78rem; }
.note { border-left: 3px solid var(--original); padding-left: 10px; white-space: pre-wrap; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
.pair div { border: 1px solid var(--line); border-top: 3px solid var(--original); border-radius: 10px;
  padding: 8px 12px; white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; }
.pair div + div { border-top-color: var(--mutated); } .pair b { display: block; font-size: 0.8rem; }
mark { background: var(--tint); color: var(--tint-ink); border-radius: 3px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 14px; margin: 4px 0 0;
  font-size: 0.84rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; max-width: 760px; font: 12px ui-monospace, monospace; }
a { color: var(--original); } svg text { fill: currentColor; } nav li { overflow-wrap: anywhere; }
@media (max-width: 640px) { .pair { grid-template-columns: 1fr; } }
"""


def html_report(entries: Sequence[Entry], shares: Mapping[int, pl.DataFrame]) -> str:
    """The page; `shares` has, by the number of an entry, the frame of `store.queries.matrix_shares` of its screen."""
    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {len(entries)} of the entries of the lab record"
    listed = "".join(
        f'<li><a href="#entry-{entry.number}">#{entry.number}</a> {escape(title_of(entry.run))} '
        f"<small>{KIND_NAMES[entry.run.kind]}</small></li>"
        for entry in entries
    )
    body = "".join(_entry(entry, shares.get(entry.number)) for entry in entries)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Mutation Explorer: report</title><style>{_STYLE}</style></head><body>"
        f'<h1>Mutation Explorer: report</h1><p class="soft">{made}</p>'
        f"<nav><ul>{listed}</ul></nav>{_pictures(entries)}{body}</body></html>\n"
    )


def _pictures(entries: Sequence[Entry]) -> str:
    """The metrics that several entries have, one picture each."""
    drawn: list[str] = []
    for metric in PICTURED:
        having = [entry for entry in entries if metric in entry.run.metrics]
        if len(having) >= FEWEST_BARS:
            bars = [
                Bar(
                    label=f"#{entry.number} {title_of(entry.run)}",
                    value=entry.run.metrics[metric],
                    told=metric_told(metric, entry.run.metrics[metric]),
                    colour=RUN_COLOURS[entry.run.kind],
                )
                for entry in having
            ]
            name = escape(metric_name(metric))
            drawn.append(f"<h2>{name}</h2>{bars_svg(bars, metric_name(metric))}")
    return f"<section>{''.join(drawn)}</section>" if drawn else ""


def _entry(entry: Entry, shares: pl.DataFrame | None) -> str:
    run = entry.run
    tags = " ".join(f'<span class="tag">{escape(tag)}</span>' for tag in entry.tags)
    parts = [
        f"<h2>#{entry.number} <code>{escape(title_of(run))}</code></h2>",
        f'<p><span class="kind" style="--kind:{RUN_COLOURS[run.kind]}">{KIND_NAMES[run.kind]}</span> '
        f"<small>{time_told(entry)}</small> {tags}</p>",
    ]
    if entry.note:
        parts.append(f'<p class="note">{escape(entry.note)}</p>')
    if run.prompt:
        parts.append(f"<h3>Prompt</h3><pre>{escape(run.prompt.text)}</pre>")
    parts.append(_texts(run))
    parts.append(f'<p class="soft">{escape(" · ".join(metrics_told(run)))}</p>')
    if shares is not None:
        parts.append(f"<h3>Share of non-silent mutants of each matrix</h3>{shares_svg(shares, title_of(run))}")
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in setup_told(entry))
    parts.append(f"<h3>Made with</h3><dl>{facts}</dl>")
    if run.detail and run.kind != "explore":
        detail = json.dumps(run.detail, ensure_ascii=False, indent=2)
        parts.append(f"<details><summary>Details</summary><pre>{escape(detail)}</pre></details>")
    if again(entry):
        parts.append(f"<h3>Again</h3><pre>{escape(again(entry))}</pre>")
    return f'<section id="entry-{entry.number}">{"".join(parts)}</section>'


def _texts(run: Run) -> str:
    """Both texts; of the mutated one, what comes after the first letter that differs is marked."""
    if run.original is None and run.mutated is None:
        return ""
    original, mutated = run.original or "", run.mutated
    shown = f"<div><b>Original</b>{escape(original)}</div>"
    if mutated is not None:
        common = parting(original, mutated)
        rest = f"<mark>{escape(mutated[common:])}</mark>" if mutated[common:] else ""
        shown += f"<div><b>Mutated</b>{escape(mutated[:common])}{rest}</div>"
    return f'<div class="pair">{shown}</div>'
