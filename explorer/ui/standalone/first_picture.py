"""What a visitor sees while the page is being made in his browser: the recorded run that it opens with, alive."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from explorer.domain.recording import Recording
from explorer.ui.components.pair_panel import show_pair
from explorer.ui.explore.words import STEPS, change_html, summary_html
from explorer.ui.standalone.parts import data, markup, scripts, styles
from explorer.ui.theme import script

TABS = ("Explore", "Talk", "Gallery", "Screen", "Evolve", "Statistics", "Tasks", "Compare", "History", "Guide")

FEW, MANY = 10, 12
"""Presets that are shown before more are asked for, where there are more than many, as assets/preset_bar.js has it."""
PATIENCE_MS = 3000
"""After which the page itself is shown, with texts or without."""


def first_picture_html(recording: Recording, titles: Sequence[str]) -> str:
    """Markup to stand at the beginning of the page's body; it goes when the page has drawn its own.

    `titles` are those of the presets, which stand above the prompt.
    """
    shown = titles[:FEW] if len(titles) > MANY else titles
    presets = "".join(f'<button type="button" tabindex="-1">{escape(title)}</button>' for title in shown)
    pair = show_pair(recording.update, 0, recording.prompt.prefill, is_recorded=True)
    values = f"const SHOWN = {data(pair)}, PATIENCE_MS = {PATIENCE_MS};"
    shows = "\n".join([values, scripts("pair_panel"), script("first_picture.js")])
    tabs = "".join(f"<b>{name}</b>" if name == TABS[0] else f"<span>{name}</span>" for name in TABS)
    return f"""
<style class="of-first-picture">{styles()}</style>
<div id="first-picture" class="first-picture standalone of-first-picture" hidden><div>
<div class="masthead"><div class="brand"><span class="glyph" aria-hidden="true"></span><div><h1>Mutation Explorer</h1>
<p>Change a weight. Read what the model says.</p></div></div>
<div class="model"><span class="badge">{escape(recording.model)}</span></div></div>
<nav aria-hidden="true">{tabs}</nav>
<div class="first-columns"><div>
<div class="card">{STEPS[0]}<code>{escape(recording.genotype or "the original")}</code></div>
<div class="card">{STEPS[1]}<div class="first-waits"></div></div>
<div class="card">{STEPS[2]}<div class="first-waits"></div></div>
</div><div>
<div class="card"><div class="presets" aria-hidden="true">{presets}</div><small>Prompt</small>
<p class="first-prompt" dir="auto">{escape(recording.prompt.text)}</p>
<div class="first-runs" aria-hidden="true"><i></i><i></i></div></div>
<div class="card results-card">{change_html(recording.change)}{markup("pair_panel", "first-pair")}
{summary_html(recording.update)}</div>
</div></div></div></div>
<script class="of-first-picture">(() => {{
{shows}
}})();</script>
"""
