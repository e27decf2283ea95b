"""The steps of a programme that is being put together (assets/step_list.js)."""

from explorer.ui.components.scripted import Scripted


class StepList(Scripted):
    """`value` is JSON: `title`, and `steps`, each with title, genotype, prompt and say.

    Sends `edit` with action (title, say, up, down, drop, programme), place and text; `show` with place.
    """

    BLANK = ""
    TEMPLATE = '<div class="steps"></div>'
    HELPERS = ("elements.js",)
