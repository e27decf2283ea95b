"""What the weights of a model are, and what a genotype changes of them: in words, in numbers, as maps."""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from explorer.domain.genotype import Genotype, Site
from explorer.domain.weights import Difference, Grid, Overview, SiteFacts
from explorer.model.anatomy import Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.pooling import pool_strongest, strongest
from explorer.model.weights import weight_of
from explorer.mutation.describe import count_weights, describe, site_facts
from explorer.mutation.differences import differences
from explorer.workspace.computing import Computing


class Weights:
    """Looks at weights; never writes."""

    def __init__(self, computing: Computing) -> None:
        self._computing = computing
        self._largest: WeakKeyDictionary[LoadedModel, Overview] = WeakKeyDictionary()

    def describe(self, model: LoadedModel, genotype: Genotype) -> str:
        """One sentence on what the genotype changes."""
        return self._computing.answer(describe, model, genotype)

    def count(self, model: LoadedModel, genotype: Genotype) -> int:
        """How many different weights a genotype touches."""
        return self._computing.answer(count_weights, model, genotype)

    def facts(self, model: LoadedModel, site: Site) -> SiteFacts:
        """What a site holds in the unmutated model."""
        return self._computing.answer(site_facts, model, site)

    def map(self, model: LoadedModel, matrix: Matrix, rows: range, columns: range) -> Grid:
        """A rectangle of a matrix as a map; see `model.pooling`."""
        return self._computing.answer(lambda: pool_strongest(weight_of(model.causal_lm, matrix), rows, columns))

    def strongest(self, model: LoadedModel, matrix: Matrix, rows: range, columns: range) -> tuple[int, int]:
        """Row and column of the weight of largest magnitude in a rectangle of a matrix."""
        return self._computing.answer(lambda: strongest(weight_of(model.causal_lm, matrix), rows, columns))

    def differences(self, model: LoadedModel, donor: str) -> Iterator[list[Difference]]:
        """How far another checkpoint's matrices are from the model's, some at a time. Raises ModelError."""
        yield from self._computing.stream_behind(differences(model, donor))

    def largest(self, model: LoadedModel) -> Overview:
        """The largest magnitude in each matrix of each layer; looked at once."""

        def largest(matrix: Matrix) -> float:
            statistics = model.statistics(matrix)
            return max(-statistics.minimum, statistics.maximum)

        if model not in self._largest:  # matrix by matrix, so that a text can stream meanwhile
            self._largest[model] = model.anatomy.overview(lambda matrix: self._computing.answer(largest, matrix))
        return self._largest[model]
