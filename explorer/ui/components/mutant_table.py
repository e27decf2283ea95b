"""Mutants in tables, one a group, each a click from being looked at (assets/mutant_table.js)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.ui.components.scripted import Scripted


class MutantTable(Scripted):
    """`value` is JSON text: `head`, the names of the columns, and `groups`, each with `title` and `rows`.

    A row has `genotype`, `cells`, and whether it is `chosen`, `sure`. A click on a row sends `choose` with its
    genotype and its `place`; where `opens` is true, a button at its end sends `open`. `goal` says what a click does.
    """

    BLANK = ""
    TEMPLATE = '<div class="mutants"></div>'
    HELPERS = ("elements.js",)


def table_json(head: Sequence[str], groups: Sequence[Mapping[str, Any]], goal: str, *, opens: bool) -> str:
    """What the script draws; `goal` says what a click on a mutant does, `opens` whether each has a button, too."""
    return json.dumps({"head": head, "groups": groups, "goal": goal, "opens": opens}, ensure_ascii=False)
