"""The page of an audience: what the presenter shows, on a phone, with a way out to try for oneself."""

from __future__ import annotations

from html import escape

from explorer.ui.audience import PLOTLY
from explorer.ui.standalone.parts import markup, scripts, styles
from explorer.ui.theme import script


def follow_html(name: str) -> str:
    """The whole page of an audience of that name, without gradio."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mutation Explorer: {escape(name)}</title><style>{styles()}</style></head>
<body class="standalone follow" data-audience="{escape(name)}" data-plotly="{PLOTLY[1:]}">
<header class="follow-head"><span><b>Mutation Explorer</b>
<small id="follow-state">waiting for {escape(name)} …</small></span>
<a id="follow-leave" class="follow-leave" href="./">Try it yourself</a></header>
<main id="follow-shown" hidden>
<p id="follow-prompt" class="first-prompt" dir="auto"></p>
<p id="follow-change" class="change"></p>
{markup("pair_panel", "follow-pair")}
{markup("value_slider", "follow-slider")}
{markup("figure_panel", "follow-curve")}
</main>
<script>{scripts("pair_panel", "value_slider", "figure_panel")}
{script("follow_page.js")}</script>
</body></html>
"""
