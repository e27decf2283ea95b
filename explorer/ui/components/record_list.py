"""Entries of the lab record: chosen, tagged, noted on, deleted, reopened and reported (assets/record_list.js)."""

from explorer.ui.components.scripted import Scripted


class RecordList(Scripted):
    """`value` is JSON: `entries` (each a `ui.history.words.entry_row`), `total`, `page`, `pages`, and what is `asked`.

    `looked_at` is the number of the entry to scroll to, and `hint` is said where there is none. Sends `edit` with
    action (tag, untag, note, delete), numbers and text; `take` with format (md, html) and numbers, null for all that
    are shown; `reopen`, and `enlist` for the programme, with number; `turn` with page. What is chosen is forgotten
    when something else is asked.
    """

    BLANK = ""
    TEMPLATE = '<div class="record"></div>'
    HELPERS = ("elements.js",)
