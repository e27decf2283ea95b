"""What the programme that is put together shows."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from explorer.domain.programme import Programme


def draft_json(programme: Programme) -> str:
    """The programme as assets/step_list.js draws it."""
    steps = [
        {"title": step.title, "genotype": step.genotype, "prompt": step.prompt.text, "say": step.say}
        for step in programme.steps
    ]
    return json.dumps({"title": programme.title, "steps": steps}, ensure_ascii=False)


def place_html(path: Path | None) -> str:
    """Where the file lies, where that may be told, and how the page is started with it."""
    kept = f"Kept in <code>{escape(str(path))}</code>, to be edited by hand as well. " if path else ""
    return (
        f'<p class="caption">{kept}A talk begins with <code>python app.py --programme FILE</code>, then the key S.</p>'
    )
