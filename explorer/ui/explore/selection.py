"""What the controls of the tab Explore point at, and its site; plain values, no gradio, no torch.

A `Selection` remembers more than one level needs, so that going from a weight to its row and back loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from explorer.domain.genotype import ALL_LAYERS, ATTENTION_KINDS, Site, Slice, is_whole_expert
from explorer.model.anatomy import Anatomy, Matrix, is_group, named

Level = Literal["layer", "head", "matrix", "block", "row", "column", "weight"]
LEVELS: tuple[Level, ...] = get_args(Level)

MOST_BUTTONS = 20
"""The most parts that are offered as buttons."""

_HEAD_PARTS = ("head", "kvhead", *ATTENTION_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The state of the controls."""

    level: Level = "weight"
    layer: int = 0
    part: str = "down"
    """A group, a matrix kind or the path of a tensor."""
    head: int = 0
    row: int = 0
    row_stop: int = 1
    column: int = 0
    column_stop: int = 1


def part_choices(anatomy: Anatomy, level: Level, layer: int) -> tuple[str, ...]:
    """The parts that a level offers in a layer, in the order of the page."""
    if not anatomy.layer_count:
        return tuple(anatomy.matrices)
    if level == "layer":
        groups = ("layer", "attn", "mlp", *(f"expert{number}" for number in range(anatomy.experts(layer))), "shared")
        own = tuple(part for part in groups if anatomy.site_objection(Site(part=part, layer=layer)) is None)
        return (*own, ALL_LAYERS)
    if level == "head":
        return tuple(
            part for part in _HEAD_PARTS if anatomy.site_objection(Site(part=part, layer=layer, head=0)) is None
        )
    kinds = (*anatomy.kinds(layer), *anatomy.kinds(None))
    if level in ("matrix", "weight", "block"):
        return kinds
    matrices = [anatomy.matrices.get(named(layer, kind)) or anatomy.matrices[kind] for kind in kinds]
    return tuple(kind for kind, matrix in zip(kinds, matrices, strict=True) if matrix.columns > 1)


def has_many_parts(anatomy: Anatomy, level: Level, layer: int) -> bool:
    """Whether the parts are offered in a list to search, and not as buttons: modules by path, and experts."""
    return len(part_choices(anatomy, level, layer)) > MOST_BUTTONS or not anatomy.layer_count


def levels_of(anatomy: Anatomy, layer: int) -> tuple[Level, ...]:
    """The levels that make sense in a layer: some have no heads; a model whose layers are not known has neither."""
    return tuple(level for level in LEVELS if part_choices(anatomy, level, layer) and _is_apt(anatomy, level))


def _is_apt(anatomy: Anatomy, level: Level) -> bool:
    return anatomy.layer_count > 0 or level not in ("layer", "head")


def matrix_of(anatomy: Anatomy, selection: Selection) -> Matrix | None:
    """The one matrix that is selected, or None at the levels of layers and heads."""
    if selection.level in ("layer", "head"):
        return None
    name = f"{selection.layer}.{selection.part}"
    return anatomy.matrices.get(name) or anatomy.matrices.get(selection.part) or anatomy.paths[selection.part]


def head_count(anatomy: Anatomy, part: str, layer: int) -> int:
    """How many heads a part has in a layer."""
    kind = {"head": "q", "kvhead": "k"}.get(part, part)
    matrix = anatomy.matrices.get(named(layer, kind))
    return (matrix.head_count if matrix else None) or 0


def fitted(selection: Selection, anatomy: Anatomy) -> Selection:
    """The nearest selection that the model has."""
    layer = _clamped(selection.layer, max(1, anatomy.layer_count))
    level = selection.level if selection.level in levels_of(anatomy, layer) else "weight"
    part = _fitted_part(selection.part, part_choices(anatomy, level, layer))
    head = _clamped(selection.head, max(1, head_count(anatomy, part, layer)))
    selection = replace(selection, level=level, part=part, layer=layer, head=head)
    matrix = matrix_of(anatomy, selection)
    if matrix is None:
        return selection
    row, column = _clamped(selection.row, matrix.rows), _clamped(selection.column, matrix.columns)
    return replace(
        selection,
        row=row,
        row_stop=min(max(selection.row_stop, row + 1), matrix.rows),
        column=column,
        column_stop=min(max(selection.column_stop, column + 1), matrix.columns),
    )


def _fitted_part(part: str, choices: tuple[str, ...]) -> str:
    """The part itself, one whose path ends so (an expert's, a mixer's), Down, or the first there is."""
    fitting = [choice for kind in (part, "down") for choice in choices if f".{choice}".endswith(f".{kind}")]
    return part if part in choices else next(iter(fitting), choices[0])


def site_of(selection: Selection, anatomy: Anatomy) -> Site:
    """The site that a fitted selection points at."""
    part = selection.part
    if selection.level == "layer":
        return Site(layer=None if part == ALL_LAYERS else selection.layer, part=part)
    if selection.level == "head":
        return Site(layer=selection.layer, part=part, head=selection.head)
    matrix = matrix_of(anatomy, selection)
    assert matrix is not None
    rows, columns = _slices(selection)
    rows, columns = _whole_if_all(rows, matrix.rows), _whole_if_all(columns, matrix.columns)
    return Site(part=part, layer=matrix.layer, rows=rows, columns=columns)


def selection_of(site: Site, anatomy: Anatomy, before: Selection) -> Selection:
    """The selection that points at a site; what the site leaves open stays as it was before."""
    layer = before.layer if site.layer is None else site.layer
    if is_group(site) or is_whole_expert(site.part):
        return replace(before, level="layer", layer=layer, part=site.part)
    if site.head is not None:
        return replace(before, level="head", layer=layer, part=site.part, head=site.head)
    (target,) = anatomy.targets(site)
    rows, columns = target.rows, target.columns
    return Selection(
        level=_level_of(site, target.matrix),
        layer=layer,
        part=site.part,
        head=before.head,
        row=rows.start,
        row_stop=rows.stop,
        column=columns.start,
        column_stop=columns.stop,
    )


def _level_of(site: Site, matrix: Matrix) -> Level:
    if site.rows.is_all and site.columns.is_all:
        return "matrix"
    if site.rows.is_single and (site.columns.is_single or matrix.columns == 1):
        return "weight"
    if site.rows.is_single and site.columns.is_all:
        return "row"
    if site.columns.is_single and site.rows.is_all:
        return "column"
    return "block"


def _slices(selection: Selection) -> tuple[Slice, Slice]:
    row = Slice(selection.row, selection.row + 1)
    column = Slice(selection.column, selection.column + 1)
    match selection.level:
        case "block":
            return Slice(selection.row, selection.row_stop), Slice(selection.column, selection.column_stop)
        case "row":
            return row, Slice()
        case "column":
            return Slice(), column
        case "weight":
            return row, column
        case _:
            return Slice(), Slice()


def _whole_if_all(indices: Slice, length: int) -> Slice:
    """An index range of everything in its shortest form, which a norm's only column needs."""
    return Slice() if indices.start == 0 and indices.stop == length else indices


def _clamped(index: int, length: int) -> int:
    return min(max(0, index), length - 1)


def read_selection(before: Selection, values: tuple[Any, ...], *, is_listed: bool) -> Selection:
    """The selection that the selectors hold; an emptied number box keeps what it had."""
    level, layer, part, path, *numbers = values
    names = ("head", "row", "row_stop", "column", "column_stop")
    held = {
        name: getattr(before, name) if number is None else int(number)
        for name, number in zip(names, numbers, strict=True)
    }
    chosen = (path if is_listed else part) or before.part
    if before.level == "head" and level != "head" and chosen == "head":
        chosen = "q"  # elsewhere, "head" would be the language-model head
    return Selection(level=level, layer=int(layer), part=chosen, **held)
