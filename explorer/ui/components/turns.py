"""Has the browser send what a visitor clicks in its order, each when the one before is answered (assets/turns.js)."""

from explorer.ui.components.scripted import Scripted


class Turns(Scripted):
    """Nothing is shown; there is one on a page."""

    TEMPLATE = "<span hidden></span>"
