"""What each control of the Explore tab shows for an exploration; plain values, drawn by the tab.

Knows the controls' words and limits; knows no gradio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.domain.amounts import Amount, amount_of, number_of
from explorer.domain.genotype import MATRIX_KINDS, Operation
from explorer.domain.notation import format_genotype
from explorer.domain.site_notation import format_site
from explorer.domain.weights import SiteFacts
from explorer.model.anatomy import Anatomy
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.selection import has_many_parts, head_count, levels_of, matrix_of, part_choices, site_of
from explorer.ui.explore.tools import Tool, tool_at_work, tools_shown

_PART_NAMES = {
    "layer": "whole layer",
    "layers": "all layers",
    "attn": "attention",
    "mlp": "MLP",
    "kvhead": "k + v",
    "embed": "embedding",
    "position": "positions",
    "norm": "final norm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexBox:
    """A number box for a row or a column."""

    value: int
    label: str
    is_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """Everything that the left-hand side shows."""

    levels: tuple[tuple[str, str], ...]
    level: str
    layer: int
    layer_count: int
    parts: tuple[tuple[str, str], ...]
    """Label and value of each choice."""
    part: str
    parts_are_many: bool
    """Whether they are offered in a list to search: modules by path, or experts."""
    head: int
    head_label: str
    head_count: int
    row: IndexBox
    row_stop: IndexBox
    column: IndexBox
    column_stop: IndexBox
    site: str
    """The site's notation."""
    facts: SiteFacts
    matrix_shape: tuple[int, int] | None
    slider_value: float | None
    """What the mutation sets its weights to, if it sets them; the number of an operation that has one of its own."""
    amount: Amount | None
    """What that number can be; None: the slider moves over the weights' own values."""
    tools: tuple[tuple[str, str], ...]
    """Label and name of what can be done."""
    tool: Tool
    variant: int
    donors: tuple[str, ...]
    """Names to choose from, where the tool takes weights from elsewhere."""
    donor: str
    genotype: str
    has_current: bool
    """Whether the last mutation of the genotype is that of the controls."""
    can_undo: bool
    can_redo: bool


def controls_for(exploration: Exploration, anatomy: Anatomy, facts: SiteFacts, donors: Sequence[str] = ()) -> Controls:
    """The controls of an exploration; `facts` are those of its site, `donors` what its tool may take weights from."""
    selection = exploration.selection
    matrix = matrix_of(anatomy, selection)
    heads = head_count(anatomy, selection.part, selection.layer) if selection.level == "head" else 0
    rows, columns = (matrix.rows, matrix.columns) if matrix else (1, 1)
    is_block = selection.level == "block"
    has_row = selection.level in ("block", "row", "weight")
    has_column = selection.level in ("block", "column", "weight") and columns > 1
    tool, variant = tool_at_work(exploration)
    waiting = tool.variants[0].begun if tool.donors else None
    amount = amount_of(exploration.operation or waiting, facts)
    return Controls(
        levels=tuple((level.capitalize(), level) for level in levels_of(anatomy, selection.layer)),
        level=selection.level,
        layer=selection.layer,
        layer_count=anatomy.layer_count,
        parts=tuple(_named(part, selection.level) for part in part_choices(anatomy, selection.level, selection.layer)),
        part=selection.part,
        parts_are_many=has_many_parts(anatomy, selection.level, selection.layer),
        head=selection.head,
        head_label=f"{'KV' if selection.part in ('k', 'v', 'kvhead') else 'Query'} head",
        head_count=heads,
        row=_box(selection.row, "Rows" if is_block else "Row", rows, has_row),
        row_stop=_box(selection.row_stop, "up to", rows + 1, is_block),
        column=_box(selection.column, "Columns" if is_block else "Column", columns, has_column),
        column_stop=_box(selection.column_stop, "up to", columns + 1, is_block and columns > 1),
        site=format_site(site_of(selection, anatomy)),
        facts=facts,
        matrix_shape=(rows, columns) if matrix else None,
        slider_value=_set_value(exploration.operation, facts, amount),
        amount=amount,
        tools=tuple(tools_shown(exploration)),
        tool=tool,
        variant=variant,
        donors=tuple(donors),
        donor=exploration.operation.donor if exploration.operation else "",
        genotype=format_genotype(exploration.genotype(anatomy)),
        has_current=exploration.operation is not None,
        can_undo=bool(exploration.past),
        can_redo=bool(exploration.future),
    )


def _named(part: str, level: str) -> tuple[str, str]:
    if part == "head":
        return ("q + o" if level == "head" else "LM head"), part
    if part in MATRIX_KINDS or "." in part:
        return part, part
    return _PART_NAMES.get(part, part.replace("_", " ")), part


def _box(value: int, label: str, length: int, is_visible: bool) -> IndexBox:
    return IndexBox(value=value, label=f"{label} (0–{length - 1:,})", is_visible=is_visible)


def _set_value(operation: Operation | None, facts: SiteFacts, amount: Amount | None) -> float | None:
    """Where the slider stands: for an operation on many weights, where their mean goes."""
    if operation is None:
        return None
    if amount is not None:
        return number_of(operation)
    match operation.kind:
        case "set":
            return operation.value
        case "max":
            return facts.maximum
        case "min":
            return facts.minimum
    return None  # the slider moves a value, and there is not one
