"""The sensitivity map: what setting any block to max, min or zero would do to the baseline's NLL, to first order.

For a block the estimate is the sum of gradient × (new value − old value), which needs just two sums over the
block: of the gradient, and of gradient × weight. It is an estimate: how well it agrees with verified forward
passes is measured on a random sample and told beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr
from torch import Tensor

from explorer.domain.effects import Agreement, SensitivityMap
from explorer.domain.errors import ModelError
from explorer.domain.genotype import BLOCK_SIDE, NAMED_OPERATIONS, Genotype, Mutation, Site
from explorer.generation.baseline import Baseline
from explorer.generation.effects import Answered, added_nll
from explorer.generation.gradients import reduce_gradients
from explorer.model.anatomy import Matrix, block_site
from explorer.model.loaded import LoadedModel
from explorer.model.pooling import sum_blocks
from explorer.model.weights import weight_of
from explorer.mutation.apply import Mutant

SAMPLE = 48
"""How many blocks are verified to tell how far the estimates can be trusted."""


def sensitivity_map(model: LoadedModel, baseline: Baseline) -> SensitivityMap:
    """The estimates for every block of every matrix of the layers, by one backward pass.

    Raises ModelError if the model's layers are not known.
    """
    if not model.anatomy.layer_count:
        raise ModelError(
            f"The layers of this model ({model.anatomy.model_type}) are not known, so there is no map of "
            "them. “Find what matters” works."
        )
    estimates = estimate_units(model, [baseline], lambda _: (BLOCK_SIDE, BLOCK_SIDE))
    return SensitivityMap(side=BLOCK_SIDE, estimates=estimates)


UnitSize = Callable[[Matrix], tuple[int, int] | None]
"""The rows and columns of a matrix's units; None for a matrix that is left out."""


def estimate_units(
    model: LoadedModel, texts: Sequence[Answered], unit_of: UnitSize, background: Mutant | None = None
) -> dict[tuple[str, str], npt.NDArray[np.float32]]:
    """By matrix and operation, the estimates [units down, units across] in nats a token, by one backward pass.

    They are of the mean over texts, on top of a background if there is one; see `gradients.reduce_gradients`.
    """
    estimates: dict[tuple[str, str], npt.NDArray[np.float32]] = {}

    def reduce(matrix: Matrix, gradient: Tensor) -> None:
        unit = unit_of(matrix)
        if unit is None:
            return
        statistics = model.statistics(matrix)
        scores = gradient.float()
        whole = sum_blocks(scores, *unit).cpu().numpy()
        weighted = sum_blocks(scores.mul_(weight_of(model.causal_lm, matrix).to(scores.device)), *unit).cpu().numpy()
        estimates[matrix.name, "zero"] = -weighted
        estimates[matrix.name, "max"] = statistics.maximum * whole - weighted
        estimates[matrix.name, "min"] = statistics.minimum * whole - weighted

    reduce_gradients(model, texts, reduce, background)
    return estimates


def agreement(model: LoadedModel, baseline: Baseline, estimated: SensitivityMap, operation: str) -> Agreement:
    """Estimated and verified effects of an operation on a random sample of blocks, the same at every call."""
    blocks = _sample(model, estimated, operation)
    genotypes = [Genotype((Mutation(block.site, NAMED_OPERATIONS[operation]),)) for block in blocks]
    verified = added_nll(model, baseline, genotypes)
    expected = [block.estimate for block in blocks]
    return Agreement(
        estimated=tuple(expected), verified=tuple(verified), rank_correlation=float(spearmanr(expected, verified)[0])
    )


@dataclass(frozen=True, slots=True)
class _Block:
    site: Site
    estimate: float


def _sample(model: LoadedModel, estimated: SensitivityMap, operation: str) -> list[_Block]:
    random = np.random.default_rng(0)
    names = [name for name, kind in estimated.estimates if kind == operation]
    sizes = np.array([estimated.estimates[name, operation].size for name in names])
    count = min(SAMPLE, int(sizes.sum()))
    places = random.choice(int(sizes.sum()), size=count, replace=False)
    blocks = []
    for place in sorted(places.tolist()):
        which = int(np.searchsorted(sizes.cumsum(), place, side="right"))
        values = estimated.estimates[names[which], operation]
        row, column = np.unravel_index(place - int(sizes[:which].sum()), values.shape)
        matrix = model.anatomy.matrices[names[which]]
        blocks.append(_Block(block_site(matrix, int(row), int(column), estimated.side), float(values[row, column])))
    return blocks
