"""What another machine needs to measure genotypes as this one would. Imports torch when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.domain.errors import ClusterError
from explorer.domain.evaluation import QuestionSet
from explorer.domain.evolution import EvolutionOrder
from explorer.domain.placement import placement_of

if TYPE_CHECKING:
    from explorer.evolution.bench import Found, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class EvolutionRecipe:
    """As `workspace.cluster.Recipe`."""

    order: EvolutionOrder
    precision: str
    """As `Specimen.precision` has it."""
    questions: QuestionSet | None
    fingerprint: str
    """Of the model on the machine that writes."""
    originals: tuple[tuple[int, ...], ...]
    """What the original says there to each prompt, tokens."""

    def make(self) -> Callable[[Work], Found]:
        """What does a piece of work. Raises ClusterError if the model here is another."""
        from explorer.evolution.bench import Bench
        from explorer.model.loading import load_model

        model = load_model(self.order.source, **placement_of(self.precision).given)
        if model.fingerprint != self.fingerprint:
            raise ClusterError(
                "A machine of the cluster has other weights under the same name: give all of them the same model."
            )
        bench = Bench(model, self.order.evolution, self.questions)
        if bench.originals != self.originals:
            raise ClusterError(
                "A machine of the cluster gives other answers of the original than this one: use machines of one kind, "
                "and float32 arithmetic."
            )
        return bench.work
