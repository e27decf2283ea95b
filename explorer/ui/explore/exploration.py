"""What one visitor's controls hold: the mutation under them, those stacked before it, and where undo leads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from explorer.domain.genotype import Genotype, Mutation, Operation
from explorer.model.anatomy import Anatomy
from explorer.ui.explore.selection import Selection, fitted, selection_of, site_of

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
    tool: str = ""
    """The tool that waits for a donor, by name; "" for none."""
    shows_all: bool = False
    """Whether all tools are shown."""
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
        """The same operation at another site; none, where it cannot be done there."""
        moved = replace(self, selection=fitted(selection, anatomy))
        if self.operation is None or moved.selection == self.selection:
            return moved
        return moved.doing(self.operation, anatomy)

    def doing(self, operation: Operation, anatomy: Anatomy) -> Exploration:
        """An operation at the site of the controls; none, where it cannot be done. A copy stays of its layer."""
        site = site_of(self.selection, anatomy)
        if operation.source is not None and operation.source.layer is not None and site.layer is not None:
            operation = replace(operation, source=replace(site, layer=operation.source.layer))
        is_possible = anatomy.objection(Mutation(site, operation)) is None
        return replace(self, operation=operation if is_possible else None)

    def with_genotype(self, genotype: Genotype, anatomy: Anatomy) -> Exploration:
        """The controls at the last mutation of a genotype, the others stacked."""
        if not genotype:
            return replace(self, operation=None, stacked=(), tool="")
        *stacked, current = genotype.mutations
        selection = selection_of(current.site, anatomy, self.selection)
        return replace(self, selection=selection, operation=current.operation, stacked=tuple(stacked))

    def without(self, index: int, anatomy: Anatomy) -> Exploration:
        """Less the mutation at a place in the genotype."""
        mutations = self.genotype(anatomy).mutations
        if index == len(self.stacked):
            return replace(self, operation=None, tool="")
        kept = tuple(mutation for place, mutation in enumerate(mutations) if place != index)
        return replace(self, stacked=kept[: len(self.stacked) - 1])

    def stacked_up(self, anatomy: Anatomy) -> Exploration:
        """The controls' mutation put on the stack, so that they can make another."""
        return replace(self, stacked=self.genotype(anatomy).mutations, operation=None, tool="")

    def reset(self) -> Exploration:
        """The original model, the controls where they are."""
        return replace(self, operation=None, stacked=(), tool="")

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
