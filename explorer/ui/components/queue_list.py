"""The queue of screens, each with its progress and what can be done with it (assets/queue_list.js)."""

from explorer.ui.components.scripted import Scripted


class QueueList(Scripted):
    """`value` is a list of `ui.screen.words.entry_row` as JSON; a button sends `act` with number and action."""

    TEMPLATE = '<div class="queue"></div>'
    HELPERS = ("elements.js",)
