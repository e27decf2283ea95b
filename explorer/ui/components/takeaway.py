"""Buttons that copy or download the present result, and one that pins it (assets/takeaway.js)."""

from explorer.ui.components.scripted import Scripted


class Takeaway(Scripted):
    """`value` holds the texts to be taken away, by name, as JSON text; "" while there are none.

    Copies and downloads happen in the browser; the pin sends `pin`, the patch file is asked for by `patch`.
    """

    BLANK = ""
    TEMPLATE = '<div class="takeaway" hidden></div>'
