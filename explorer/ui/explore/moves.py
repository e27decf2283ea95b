"""What moves the exploration of the tab Explore: its site, what is done there, and what was done before.

Faults that the user can mend end in the tab's notice (`edge`); nothing that was typed or shown is lost by one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.domain.amounts import amount_of, at_value, with_number
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import MAXIMUM, MEAN, MINIMUM, ZERO, Mutation, Operation
from explorer.domain.notation import format_genotype, format_mutation
from explorer.domain.reader import PRINTED_SIGNS
from explorer.domain.weights import SiteFacts
from explorer.ui.explore.edge import edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.selection import has_many_parts, read_selection, site_of
from explorer.ui.explore.tools import MORE, taken_up, tool_at_work

DONOR_WANTED = {
    "model": "Name the model to graft from first: a folder, or one that is in the local cache.",
    "adapter": "Name the adapter to add first: its folder, or one of the list.",
}


class Moves:
    """Functions from values to values, given what the tab shows and runs."""

    def __init__(self, page: Handlers) -> None:
        self._page = page

    @edge
    def select(self, request: gr.Request, exploration: Exploration, *values: Any) -> list[Any]:
        """A selector was changed, or left as it was."""
        moved = self._pointed_at(exploration, values)
        runs = exploration.operation is not None and moved != exploration
        outputs = self._page.move(moved, request, before=exploration, runs=runs)
        return [outputs[0], *_sparing_same(outputs[1:], values)]

    @edge
    def slide(self, exploration: Exploration, request: gr.Request, event: gr.EventData, *values: Any) -> list[Any]:
        """The slider was let go."""
        return self._operate(exploration, self._at(exploration, float(event.value)), request, values)

    @edge
    def choose_dose(
        self, exploration: Exploration, request: gr.Request, event: gr.EventData, *values: Any
    ) -> list[Any]:
        """A mark of the dose–response curve was clicked."""
        return self._operate(exploration, self._at(exploration, float(event.x)), request, values)

    @edge
    def set_value(self, exploration: Exploration, value: str | None, request: gr.Request, *values: Any) -> list[Any]:
        """A value was typed, or the number of an operation that has one of its own."""
        moved = self._pointed_at(exploration, values)
        operation = self._typed(moved, _number(value))
        return self._operate(exploration, operation, request, values)

    @edge
    def choose_tool(self, exploration: Exploration, name: str, request: gr.Request, *values: Any) -> list[Any]:
        """Another thing to do was chosen, or all of them are to be shown."""
        return self._take_up(exploration, name, 0, "", request, values)

    @edge
    def choose_variant(self, exploration: Exploration, place: str, request: gr.Request, *values: Any) -> list[Any]:
        """Another way of the tool at work was chosen."""
        tool, _ = tool_at_work(exploration)
        return self._take_up(exploration, tool.name, int(place), "", request, values)

    @edge
    def choose_donor(self, exploration: Exploration, donor: str | None, request: gr.Request, *values: Any) -> list[Any]:
        """The model or adapter was named from which weights are taken."""
        tool, place = tool_at_work(exploration)
        name = (donor or "").strip()
        if not name or not tool.donors:
            raise ExplorerError(DONOR_WANTED[tool.donors or "model"])
        if exploration.operation is not None:  # at the number that is there
            return self._operate(exploration, replace(exploration.operation, donor=name), request, values)
        return self._take_up(exploration, tool.name, place, name, request, values)

    @edge
    def set_maximum(self, exploration: Exploration, request: gr.Request, *values: Any) -> list[Any]:
        """The button Max was pressed."""
        return self._operate(exploration, MAXIMUM, request, values)

    @edge
    def set_minimum(self, exploration: Exploration, request: gr.Request, *values: Any) -> list[Any]:
        """The button Min was pressed."""
        return self._operate(exploration, MINIMUM, request, values)

    @edge
    def set_zero(self, exploration: Exploration, request: gr.Request, *values: Any) -> list[Any]:
        """The button Zero was pressed."""
        return self._operate(exploration, ZERO, request, values)

    @edge
    def set_mean(self, exploration: Exploration, request: gr.Request, *values: Any) -> list[Any]:
        """The button Mean was pressed."""
        return self._operate(exploration, MEAN, request, values)

    @edge
    def reset(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """Back to the original model."""
        return self._page.move(exploration.reset(), request, before=exploration)

    @edge
    def undo(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """One change of the genotype back."""
        return self._turn_to(exploration.undone(), exploration, request)

    @edge
    def redo(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """One change that was undone forward again."""
        return self._turn_to(exploration.redone(), exploration, request)

    @edge
    def stack(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """Keep the present mutation and free the controls for another."""
        stacked = exploration.stacked_up(self._page.model(exploration).anatomy)
        return self._page.move(stacked, request, before=exploration, runs=False)

    @edge
    def remove(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The cross of a chip was pressed."""
        anatomy = self._page.model(exploration).anatomy
        return self._page.move(exploration.without(int(event.index), anatomy), request, before=exploration)

    @edge
    def read_notation(self, exploration: Exploration, text: str, request: gr.Request) -> list[Any]:
        """The notation was edited, or all of the page is to be run as it stands."""
        anatomy = self._page.model(exploration).anatomy
        if text == format_genotype(exploration.genotype(anatomy)):
            return self._page.move(exploration, request, before=exploration)
        return self._page.move(exploration.with_genotype(anatomy.read(text), anatomy), request, before=exploration)

    # --------------------------------------------------------------------------------------------- shared

    def _pointed_at(self, exploration: Exploration, values: tuple[Any, ...]) -> Exploration:
        """The exploration at what the page's selectors show by now."""
        anatomy = self._page.model(exploration).anatomy
        before = exploration.selection
        is_listed = has_many_parts(anatomy, before.level, before.layer)
        selection = read_selection(before, values, is_listed=is_listed)
        return exploration.pointed_at(selection, anatomy)

    def _facts(self, exploration: Exploration) -> SiteFacts:
        model = self._page.model(exploration)
        return self._page.workspace.weights.facts(model, site_of(exploration.selection, model.anatomy))

    def _at(self, exploration: Exploration, value: float) -> Operation:
        """The present operation with another number, if it has one of its own; else the value as the weights' own."""
        _check_donor(exploration)
        return at_value(exploration.operation, self._facts(exploration), value)

    def _typed(self, exploration: Exploration, number: float) -> Operation:
        """The same for a number as it was typed, whatever the slider's range. Raises NotationError for what is none."""
        _check_donor(exploration)
        amount = amount_of(exploration.operation, self._facts(exploration))
        if exploration.operation is None or amount is None:
            return Operation(kind="set", value=number)
        if amount.is_whole and not number.is_integer():
            raise ExplorerError(f"{number:g} is refused: here a whole number is needed.")
        operation, anatomy = with_number(exploration.operation, number), self._page.model(exploration).anatomy
        read = anatomy.read(format_mutation(Mutation(site_of(exploration.selection, anatomy), operation)))
        return read.mutations[0].operation

    def _operate(
        self, exploration: Exploration, operation: Operation, request: gr.Request, values: tuple[Any, ...]
    ) -> list[Any]:
        anatomy = self._page.model(exploration).anatomy
        moved = self._pointed_at(exploration, values)
        objection = anatomy.objection(Mutation(site_of(moved.selection, anatomy), operation))
        if objection is not None:
            raise ExplorerError(objection[1])
        return self._page.move(replace(moved, operation=operation), request, before=exploration)

    def _take_up(
        self, exploration: Exploration, name: str, place: int, donor: str, request: gr.Request, values: tuple[Any, ...]
    ) -> list[Any]:
        moved = self._pointed_at(exploration, values)
        anatomy = self._page.model(exploration).anatomy
        taken = taken_up(moved, name, place, anatomy, self._facts(moved), donor)
        runs = name != MORE and taken.genotype(anatomy) != exploration.genotype(anatomy)
        return self._page.move(taken, request, before=exploration, runs=runs)

    def _turn_to(self, exploration: Exploration, before: Exploration, request: gr.Request) -> list[Any]:
        drawn = self._page.draw(exploration, before)
        self._page.begin(request)
        return [exploration, *drawn]


def _check_donor(exploration: Exploration) -> None:
    """Raises ExplorerError where a tool waits for what it takes weights from."""
    tool, _ = tool_at_work(exploration)
    if tool.donors and exploration.operation is None:
        raise ExplorerError(DONOR_WANTED[tool.donors])


def _number(text: str | None) -> float:
    """A number as it is typed, or pasted as the page prints it. Raises ExplorerError for what is none."""
    typed = (text or "").strip().translate(PRINTED_SIGNS).removeprefix("*").strip()
    if not typed:
        raise ExplorerError("Type a number first, such as 0, -3.2 or 1e-4.")
    try:
        return Operation(kind="set", value=float(typed)).value
    except ValueError as fault:
        raise ExplorerError(f"{typed[:40]} is refused: a weight needs a finite number, such as -3.2.") from fault


def _sparing_same(drawn: list[Any], values: tuple[Any, ...]) -> list[Any]:
    """Updates that leave alone every selector that shows its value already: the user may be typing in it by now."""
    for update, value in zip(drawn, values, strict=False):
        if update.get("value") == value:
            update.pop("value", None)
    return drawn
