"""What operations on single matrices cost, over texts that the original reads once; and whole genotypes on any text."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from explorer.domain.damage import Damage
from explorer.domain.decoding import Decoding
from explorer.domain.genotype import Genotype, Mutation, Site
from explorer.domain.screened import operation_of
from explorer.generation.baseline import Baseline
from explorer.generation.control import read_text
from explorer.generation.draft import check_many
from explorer.generation.effects import effects
from explorer.model.anatomy import Anatomy
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant

STEP = 18
"""Mutants that are measured before others have their turn."""
_GREEDY = Decoding()


def matrix_sites(anatomy: Anatomy) -> list[Site]:
    """Every matrix of the layers, layer by layer; without routers, norms and biases."""
    return [
        Site(part=matrix.kind, layer=matrix.layer)
        for matrix in anatomy.matrices.values()
        if matrix.layer is not None and matrix.columns > 1 and matrix.kind != "router"
    ]


def read_all(model: LoadedModel, texts: Sequence[str]) -> list[Baseline]:
    """The original's passes over some texts. Raises PromptError."""
    return [read_text(model, text) for text in texts]


def damages(
    model: LoadedModel, readings: Sequence[Baseline], operations: Sequence[str], sites: Sequence[Site]
) -> Iterator[list[Damage]]:
    """The damage of each operation on each site over all texts, `STEP` at a time."""
    cases = [(site, name) for site in sites for name in operations]
    counts = [len(reading.tokens) for reading in readings]
    for start in range(0, len(cases), STEP):
        some = cases[start : start + STEP]
        genotypes = [Genotype((Mutation(site, operation_of(name)),)) for site, name in some]
        of_texts = [effects(model, reading, _GREEDY, genotypes) for reading in readings]
        found = []
        for place, (site, name) in enumerate(some):
            of_case = [effect[place] for effect in of_texts]
            kls = [effect.mean_kl for effect in of_case]
            size = sum(target.size for target in model.anatomy.targets(site))
            found.append(
                Damage(
                    site=site,
                    weights=size,
                    operation=name,
                    mean_kl=None if None in kls else _mean([kl for kl in kls if kl is not None], counts),
                    added_nll=_mean([effect.added_nll for effect in of_case], counts),
                )
            )
        yield found


def losses(model: LoadedModel, readings: Sequence[Baseline], genotype: Genotype) -> list[float]:
    """The negative log-likelihood of each text under a genotype, in nats a token; infinite if it overflows."""
    mutant = make_mutant(model, genotype)
    return [_loss(check_many(model, reading, [mutant])[0], reading) for reading in readings]


def own_losses(readings: Sequence[Baseline]) -> list[float]:
    """As `losses`, of the original."""
    return [_loss(reading.logits, reading) for reading in readings]


def _loss(logits: Tensor, reading: Baseline) -> float:
    loss = float(cross_entropy(logits, torch.tensor(reading.tokens, device=logits.device)))
    return loss if loss == loss else float("inf")  # noqa: PLR0124  # NaN


def mean_loss(losses_of: Sequence[float], readings: Sequence[Baseline]) -> float:
    """Over the tokens of all texts."""
    return _mean(losses_of, [len(reading.tokens) for reading in readings])


def _mean(values: Sequence[float], counts: Sequence[int]) -> float:
    return sum(value * count for value, count in zip(values, counts, strict=True)) / sum(counts)
