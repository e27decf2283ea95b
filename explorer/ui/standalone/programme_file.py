"""A programme as one HTML file that runs without us: recorded texts, curves and maps with their clicks, offline."""

from __future__ import annotations

import base64
import gzip
from html import escape
from typing import Any, NamedTuple

from explorer.domain.effects import steepest_step
from explorer.domain.placement import Placement
from explorer.domain.programme import Programme
from explorer.domain.recording import Recording
from explorer.figures.dose import dose_figure
from explorer.figures.encoding import figure_json
from explorer.files.versions import program_version
from explorer.reports.again import mutate_command
from explorer.ui.components.figure_panel import plotly_js
from explorer.ui.components.pair_panel import show_pair
from explorer.ui.explore.words import change_html, summary_html
from explorer.ui.standalone.parts import data, markup, scripts, styles
from explorer.ui.theme import script
from explorer.ui.words import legend_html
from explorer.workspace.rehearsed import Curve, Mapped, Rehearsed


def programme_html(programme: Programme, steps: list[Rehearsed], placement: Placement) -> str:
    """The whole file: of a curve's values and a map's cells the texts, of the steps themselves all that is measured."""
    shown = [_step(each, _Source(programme.model, placement)) for each in steps]
    has_figures = any(each.curves or each.maps for each in steps)
    library = base64.b64encode(gzip.compress(plotly_js().read_bytes(), 9)).decode() if has_figures else ""
    model = steps[0].recording.model if steps else programme.model
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(programme.title)}</title><style>{styles()}</style></head>
<body class="standalone programme">
<header class="programme-head"><span class="glyph" aria-hidden="true"></span>
<div><h1>{escape(programme.title)}</h1>
<p>Recorded from {escape(model)} with Mutation Explorer {escape(program_version())}. Nothing is computed here.</p></div>
<button type="button" class="theme-toggle" aria-label="Light or dark">◐</button></header>
<nav id="steps" class="presets" aria-label="Steps"></nav>
<main>
<section class="card"><h2 id="title"></h2><p id="say" class="programme-say"></p>
<p id="prompt" class="first-prompt" dir="auto"></p></section>
<section class="card results-card"><div class="programme-line"><div id="change"></div>
<button type="button" id="replay">▶ Replay</button></div>
{markup("pair_panel", "pair")}<div id="summary"></div>
<p class="programme-again"><small>The same on the command line</small><code id="command"></code></p></section>
<section class="card" id="figures" hidden></section>
<p class="programme-walk"><button type="button" id="earlier">← Earlier</button><span id="place"></span>
<button type="button" id="later">Next →</button></p>
</main>
<script id="plotly-source" type="text/plain">{library}</script>
<script>const PROGRAMME = {data({"title": programme.title, "steps": shown})};
const FIGURE_MARKUP = {data(markup("figure_panel", ""))};
{scripts("pair_panel", "figure_panel")}
{script("programme_file.js")}</script>
</body></html>
"""


class _Source(NamedTuple):
    """What the commands that repeat a run name."""

    model: str
    placement: Placement


def _step(each: Rehearsed, source: _Source) -> dict[str, Any]:
    step, recording = each.step, each.recording
    return {
        "title": step.title,
        "say": step.say,
        "prompt": step.prompt.text,
        "chat": step.prompt.chat,
        **_run(recording, source),
        "figures": [*(_curve(curve, source) for curve in each.curves), *map(_map, each.maps)],
    }


def _run(recording: Recording, source: _Source) -> dict[str, Any]:
    """A run as the page shows it, with the seconds at which its tokens came."""
    return {
        "genotype": recording.genotype,
        "command": mutate_command(recording.genotype, recording.prompt, recording.decoding, **source._asdict()),
        "change": change_html(recording.change),
        "pair": show_pair(recording.update, 0, recording.prompt.prefill),
        "summary": summary_html(recording.update),
        "moments": [list(moment) for moment in recording.moments],
    }


def _brief(recording: Recording, source: _Source) -> dict[str, Any]:
    """A run without what lies behind its tokens."""
    run = _run(recording, source)
    return {**run, "pair": {**run["pair"], "readouts": ""}}


def _curve(curve: Curve, source: _Source) -> dict[str, Any]:
    step = steepest_step(curve.doses)
    return {
        "title": f"Dose–response of {curve.site}",
        "told": f"{curve.site} at {len(curve.doses)} values. Filled marks diverge, hollow ones are silent"
        f"{'' if curve.present is None else '; dashed is the value now'}. Click a mark to read what is said there.",
        "figure": figure_json(dose_figure(curve.doses, curve.present, step, curve.unit)),
        "runs": {
            f"{dose.value!r}": _brief(run, source) for dose, run in zip(curve.doses, curve.recordings, strict=True)
        },
    }


def _map(mapped: Mapped) -> dict[str, Any]:
    return {
        "title": f"Map of {mapped.matrix} in the screen “{mapped.screen.title}”",
        "legend": legend_html(),
        "told": f"Asked: {mapped.screen.prompt.text} {mapped.picture.sentence} Click a cell to read what it says.",
        "figure": figure_json(mapped.picture.figure),
        "standard": mapped.screen.baseline,
        "loud": mapped.loud,
        "cells": {
            place: {
                "genotype": behind.genotype,
                "text": behind.text,
                "style": behind.style,
                "divergence": behind.first_divergence,
            }
            for place, behind in mapped.behind.items()
        },
    }
