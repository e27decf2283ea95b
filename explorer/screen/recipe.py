"""What another machine needs to screen batches as this one would. Imports torch when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.domain.errors import ClusterError
from explorer.domain.placement import placement_of
from explorer.screen.order import Order
from explorer.screen.plan import Batch

if TYPE_CHECKING:
    from explorer.screen.worker import Screened


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenRecipe:
    """As `workspace.cluster.Recipe`."""

    order: Order
    precision: str
    """As `Specimen.precision` has it."""
    baseline_tokens: tuple[int, ...]
    """Of the machine that writes."""

    def make(self) -> Callable[[Batch], Screened]:
        """What screens a batch. Raises ClusterError if the standard output here is another."""
        from explorer.model.loading import load_model
        from explorer.screen.job import job_of
        from explorer.screen.worker import Worker

        model = load_model(self.order.source, **placement_of(self.precision).given)
        worker = Worker(job_of(self.order, model))
        if worker.asked.baseline_tokens != self.baseline_tokens:
            raise ClusterError(
                "A machine of the cluster gives another standard output than this one, so its mutants could not be "
                "compared: use machines of one kind, and float32 arithmetic."
            )
        return lambda batch: worker.screen(batch.items)
