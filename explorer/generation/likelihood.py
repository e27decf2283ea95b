"""Negative log-likelihood of the baseline's answer: under the original, and what mutants add to it."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from explorer.domain import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.draft import check_many
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant, make_mutant

BATCH = 8
"""How many mutants are checked in one forward pass."""


def nll(logits: Tensor, baseline: Baseline) -> Tensor:
    """Mean negative log-likelihood, in nats a token, of the baseline's answer under logits [tokens, vocabulary]."""
    tokens = torch.tensor(baseline.tokens, device=logits.device)
    return torch.nn.functional.cross_entropy(logits, tokens)


def checked(
    model: LoadedModel, baseline: Baseline, genotypes: Sequence[Genotype]
) -> Iterator[tuple[int, Tensor]]:
    """The place of each genotype and its logits [answer tokens, vocabulary] over the baseline's tokens.

    Mutants that first change neighbouring layers share a batch, so that a batch starts as high as it can:
    the places come in that order.
    """
    mutants = [make_mutant(model, genotype) for genotype in genotypes]
    order = sorted(range(len(mutants)), key=lambda place: _entry(mutants[place]))
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        yield from zip(places, check_many(model, baseline, [mutants[place] for place in places]), strict=True)


def added_nll(model: LoadedModel, baseline: Baseline, genotypes: Sequence[Genotype]) -> list[float]:
    """What each genotype adds to the baseline's NLL, in nats a token; infinite if its forward pass overflows."""
    own = float(nll(baseline.logits, baseline))
    losses = {place: added(logits, baseline, own) for place, logits in checked(model, baseline, genotypes)}
    return [losses[place] for place in range(len(genotypes))]


def added(logits: Tensor, baseline: Baseline, own: float) -> float:
    """What a mutant's logits [answer tokens, vocabulary] add to the original's `own` NLL."""
    loss = float(nll(logits, baseline)) - own
    return math.inf if math.isnan(loss) else loss


def _entry(mutant: Mutant) -> int:
    return -1 if mutant.first_layer is None else mutant.first_layer
