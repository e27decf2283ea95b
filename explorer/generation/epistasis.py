"""Epistasis: whether mutations do together what they do apart.

An effect is what a genotype adds to the baseline's negative log-likelihood, which adds up where mutations do
not interact.
"""

from itertools import combinations

from explorer.domain.decoding import Decoding
from explorer.domain.effects import MOST_PAIRED, Epistasis, PairMatrix
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.effects import effects
from explorer.model.loaded import LoadedModel


def epistasis(model: LoadedModel, baseline: Baseline, decoding: Decoding, genotype: Genotype) -> Epistasis:
    """Each mutation alone, and all in their order. Raises ExplorerError for fewer than two."""
    if len(genotype.mutations) < 2:  # noqa: PLR2004
        raise ExplorerError(
            "Epistasis needs two mutations or more: keep the present one and add another, or separate them by ';'."
        )
    alone = [Genotype((mutation,)) for mutation in genotype.mutations]
    *singles, joint = effects(model, baseline, decoding, [*alone, genotype])
    return Epistasis(mutations=genotype.mutations, singles=tuple(singles), joint=joint)


def pair_matrix(model: LoadedModel, baseline: Baseline, decoding: Decoding, found: Epistasis) -> PairMatrix:
    """Each of some mutations, measured alone already, with each other. Raises ExplorerError for too many."""
    mutations = found.mutations
    if len(mutations) > MOST_PAIRED:
        raise ExplorerError(f"A matrix of pairs takes at most {MOST_PAIRED} mutations, not {len(mutations)}.")
    places = list(combinations(range(len(mutations)), 2))
    together = [Genotype((mutations[first], mutations[second])) for first, second in places]
    pairs = dict(zip(places, effects(model, baseline, decoding, together), strict=True))
    return PairMatrix(mutations=mutations, singles=found.singles, pairs=pairs)
