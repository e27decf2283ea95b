"""An evolution as figures: all who were measured with the front, and the family of one. Knows no torch, no page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from explorer.domain.evolution import Target
from explorer.domain.evolved import Member
from explorer.figures.plain import FIRST, INK, SECOND, plain, shortened

GREY = "#94a3b8"
MOST_LETTERS, MOST_OF_AXIS = 70, 40
"""Of a genotype that a mark tells; of a target along an axis, which a phone shows too."""


def front_figure(
    targets: Sequence[Target],
    members: Sequence[Member],
    rivals: Sequence[Member],
    front: Sequence[Member],
    *,
    meta: Mapping[str, object],
) -> go.Figure:
    """The first target upwards; across the second, or the generation where there is none.

    Each mark carries its genotype as customdata. `front` are those that none is better than in every respect; where
    others have the very numbers of one, a click means that one.
    """
    figure = go.Figure()
    alive, chance = ([each for each in group if each.values] for group in (members, rivals))
    told = {each.values: each for each in front}
    alive = [each for each in alive if told.get(each.values, each) == each]
    figure.add_trace(_marks(targets, chance, "by chance", {"color": GREY, "size": 6, "opacity": 0.45}))
    look: dict[str, Any] = {
        "color": [each.generation for each in alive], "colorscale": [[0, "#cbd5e1"], [1, INK]], "size": 8,
        "opacity": 0.85, "line": {"width": 0},
    }  # fmt: skip
    figure.add_trace(_marks(targets, alive, "evolved, later is darker", look))
    if front:
        ordered = sorted(front, key=lambda each: _across(targets, each))
        look = {"color": SECOND, "size": 10, "symbol": "circle-open", "line": {"width": 2}}
        marks = _marks(targets, ordered, "trade-offs", look)
        marks.update(mode="lines+markers" if len(targets) > 1 else "markers", line={"color": SECOND, "width": 1})
        figure.add_trace(marks)
    plain(
        figure,
        meta,
        height=340,
        xaxis={"title": {"text": _axis(targets[1]) if len(targets) > 1 else "generation"}, "zeroline": False},
        y=_axis(targets[0]),
    )
    share = {"tickformat": ".0%", "range": [-0.05, 1.05]}
    if targets[0].of_kind.is_share:
        figure.update_yaxes(**share)
    if len(targets) > 1 and targets[1].of_kind.is_share:
        figure.update_xaxes(**share)
    return figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0}, margin={"l": 84, "r": 10, "t": 34, "b": 60}
    )


def family_figure(
    targets: Sequence[Target], members: Sequence[Member], child: int, *, meta: Mapping[str, object]
) -> go.Figure:
    """Whom a genotype comes from, generation by generation; each mark tells what was new, and carries its genotype."""
    by_number = {each.number: each for each in members}
    family = _ancestors(by_number, child)
    rows = _rows(by_number, family, child)
    figure = go.Figure()
    lines: tuple[list[float | None], list[float | None]] = ([], [])
    for number in family:
        for parent in by_number[number].parents:
            lines[0].extend([by_number[parent].generation, by_number[number].generation, None])
            lines[1].extend([rows[parent], rows[number], None])
    figure.add_trace(
        go.Scatter(x=lines[0], y=lines[1], mode="lines", line={"color": GREY, "width": 1.5}, hoverinfo="skip")
    )
    own = [by_number[number] for number in family]
    figure.add_trace(
        go.Scatter(
            x=[each.generation for each in own],
            y=[rows[each.number] for each in own],
            mode="markers+text",
            marker={"size": 13, "color": [SECOND if each.number == child else FIRST for each in own]},
            text=[each.origin for each in own],
            textposition="top center",
            textfont={"size": 10},
            customdata=[each.genotype for each in own],
            hovertext=[_told(targets, each) for each in own],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    height = 90 + 46 * len(set(rows.values()))
    plain(figure, meta, height=height, xaxis={"title": {"text": "generation"}, "dtick": 1, "zeroline": False}, y="")
    first, last = (edge([each.generation for each in own]) for edge in (min, max))
    return figure.update_layout(
        showlegend=False,
        xaxis={"range": [first - 0.6, last + 0.6]},
        yaxis={"visible": False, "range": [min(rows.values()) - 0.6, max(rows.values()) + 0.9]},
    )


def _marks(targets: Sequence[Target], members: Sequence[Member], name: str, look: Mapping[str, object]) -> go.Scatter:
    return go.Scatter(
        x=[_across(targets, each) for each in members],
        y=[each.values[0] for each in members],
        mode="markers",
        name=name,
        marker=dict(look),
        customdata=[each.genotype for each in members],
        text=[_told(targets, each) for each in members],
        hovertemplate="%{text}<extra></extra>",
    )


def _across(targets: Sequence[Target], member: Member) -> float:
    return member.values[1] if len(targets) > 1 else float(member.generation)


def _axis(target: Target) -> str:
    unit = f"{target.of_kind.unit}, " if target.of_kind.unit else ""
    name = escape(shortened(target.name, MOST_OF_AXIS), quote=False)
    return f"{name}<br>{unit}{'more' if target.is_more else 'less'} is better"


def _told(targets: Sequence[Target], member: Member) -> str:
    said = shortened(member.genotype, MOST_LETTERS)
    numbers = zip(targets, member.values, strict=False)
    lines = [f"<b>{escape(said, quote=False)}</b>"]
    lines += [f"{escape(target.name, quote=False)} {target.told(value)}" for target, value in numbers]
    return "<br>".join([*lines, f"generation {member.generation}, by {member.origin}"])


def _ancestors(by_number: Mapping[int, Member], child: int) -> list[int]:
    """The numbers of a genotype and all that it comes from, in the order of their birth."""
    found: set[int] = set()
    waiting = [child]
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting.extend(by_number[number].parents)
    return sorted(found)


def _rows(by_number: Mapping[int, Member], family: Sequence[int], child: int) -> dict[int, float]:
    """The height of each: a parent's line goes straight where it is the only one, a second parent has a line below."""
    rows: dict[int, float] = {child: 0.0}
    taken: dict[tuple[int, float], int] = {(by_number[child].generation, 0.0): child}
    lowest = 0.0
    for number in sorted(family, reverse=True):
        for place, parent in enumerate(by_number[number].parents):
            if parent in rows:
                continue
            row = rows[number] if place == 0 else lowest - 1
            while (by_number[parent].generation, row) in taken:
                row = lowest - 1
                lowest = row
            lowest = min(lowest, row)
            rows[parent] = row
            taken[by_number[parent].generation, row] = parent
    return rows
