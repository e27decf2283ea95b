"""What one visitor's page remembers, and which of his runs is the one that counts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from explorer.domain import Genotype, Mutation, Operation
from explorer.ui.selection import Selection, fitted, selection_of, site_of

if TYPE_CHECKING:
    from explorer.model.anatomy import Anatomy


UNDO_STEPS = 100
"""How many changes can be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """The mutation under the controls and those stacked before it."""

    source: str
    """The model's name, as the workspace knows it."""
    selection: Selection = field(default_factory=Selection)
    operation: Operation | None = None
    """What the controls do at their site; None: nothing yet."""
    stacked: tuple[Mutation, ...] = ()
    past: tuple[Exploration, ...] = field(default=(), compare=False, repr=False)
    """Where undo leads, the nearest last."""
    future: tuple[Exploration, ...] = field(default=(), compare=False, repr=False)
    """Where redo leads, the nearest first."""

    def genotype(self, anatomy: Anatomy) -> Genotype:
        """All mutations, that of the controls last."""
        if self.operation is None:
            return Genotype(self.stacked)
        current = Mutation(site_of(self.selection, anatomy), self.operation)
        return Genotype((*self.stacked, current))

    def pointed_at(self, selection: Selection, anatomy: Anatomy) -> Exploration:
        """The same operation at another site."""
        return replace(self, selection=fitted(selection, anatomy))

    def with_genotype(self, genotype: Genotype, anatomy: Anatomy) -> Exploration:
        """The controls at the last mutation of a genotype, the others stacked."""
        if not genotype:
            return replace(self, operation=None, stacked=())
        *stacked, current = genotype.mutations
        selection = selection_of(current.site, anatomy, self.selection)
        return replace(self, selection=selection, operation=current.operation, stacked=tuple(stacked))

    def without(self, index: int, anatomy: Anatomy) -> Exploration:
        """Less the mutation at a place in the genotype."""
        mutations = self.genotype(anatomy).mutations
        if index == len(self.stacked):
            return replace(self, operation=None)
        kept = tuple(mutation for place, mutation in enumerate(mutations) if place != index)
        return replace(self, stacked=kept[: len(self.stacked) - 1])

    def stacked_up(self, anatomy: Anatomy) -> Exploration:
        """The controls' mutation put on the stack, so that they can make another."""
        return replace(self, stacked=self.genotype(anatomy).mutations, operation=None)

    def reset(self) -> Exploration:
        """The original model, the controls where they are."""
        return replace(self, operation=None, stacked=())

    def following(self, before: Exploration) -> Exploration:
        """With a step back to `before`, if the genotype is another; a selection that changes nothing is no step."""
        if self._changes == before._changes:
            return self
        return replace(self, past=(*before.past, before._bare())[-UNDO_STEPS:], future=())

    def undone(self) -> Exploration:
        """One step back, or where it is if there is none."""
        if not self.past:
            return self
        return replace(self.past[-1], past=self.past[:-1], future=(self._bare(), *self.future))

    def redone(self) -> Exploration:
        """One step forward, or where it is if there is none."""
        if not self.future:
            return self
        return replace(self.future[0], past=(*self.past, self._bare()), future=self.future[1:])

    @property
    def _changes(self) -> tuple[object, ...]:
        """What decides the genotype."""
        return self.source, self.stacked, self.operation, self.operation and self.selection

    def _bare(self) -> Exploration:
        return replace(self, past=(), future=())


class Runs:
    """Tickets for runs: of each visitor's, only the newest counts, is run once, and can be stopped.

    An event that wants a run begins one; whichever event comes to running next claims it. So an event that
    wants none cannot swallow another's, in whatever order their answers arrive.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._newest: dict[str, int] = {}
        self._waiting: dict[str, int] = {}
        self._stopped: set[int] = set()

    def __deepcopy__(self, _memo: object) -> Runs:
        """The tickets themselves, as with `Workspace`."""
        return self

    def begin(self, visitor: str) -> None:
        """Want a new run; the visitor's older runs stop within one token."""
        self.forget(visitor)
        self._newest[visitor] = self._waiting[visitor] = next(self._numbers)

    def claim(self, visitor: str) -> int | None:
        """The ticket of the run that the visitor waits for, once."""
        return self._waiting.pop(visitor, None)

    def stop(self, visitor: str) -> None:
        """Stop the visitor's run."""
        if visitor in self._newest:
            self._stopped.add(self._newest[visitor])

    def is_over(self, visitor: str, ticket: int) -> bool:
        """Whether a run has been stopped or overtaken."""
        return ticket in self._stopped or self.is_overtaken(visitor, ticket)

    def is_overtaken(self, visitor: str, ticket: int) -> bool:
        """Whether a newer run of the visitor has begun, or he has left."""
        return self._newest.get(visitor) != ticket

    def forget(self, visitor: str) -> None:
        """Whatever the visitor ran stops, as when he has closed the page."""
        self._waiting.pop(visitor, None)
        self._stopped.discard(self._newest.pop(visitor, 0))
