"""The stage: what the tab Explore shows, for a hall, and by key (assets/stage.js)."""

from html import escape
from typing import Any

from explorer.ui.components.scripted import Scripted
from explorer.ui.theme import ASSETS

_TEMPLATE = """
<div class="stage-told" role="status" hidden></div>
<button type="button" class="stage-leave" aria-label="Leave the stage" title="Leave the stage (Esc)">×</button>
<div class="stage-keys stage-sheet" role="dialog" aria-label="Keys" hidden><table>%s</table></div>
<div class="stage-code stage-sheet" role="dialog" aria-label="Follow" hidden>
<img alt="Address of this audience as a QR code">
<p class="stage-address"></p><p class="stage-count"></p><button type="button" data-act="end">End it</button></div>
<p class="stage-notes" hidden></p>
<div class="stage-black" hidden></div>
<div class="stage-live" role="status" hidden><span></span><button type="button" data-act="end">End it</button></div>
"""


class Stage(Scripted):
    """Presses the controls of the tab Explore; what these then show is shown to an audience, if there is one."""

    def __init__(self, shortcuts: dict[str, str], **options: Any) -> None:
        """`shortcuts` are the names of keys, each with what it does."""
        rows = "".join(f"<tr><th>{escape(key)}</th><td>{escape(does)}</td></tr>" for key, does in shortcuts.items())
        look = (ASSETS / "stage.css").read_text(encoding="utf-8")
        self.TEMPLATE = f"<style>{look}</style>{_TEMPLATE % rows}"
        super().__init__("", **options)
