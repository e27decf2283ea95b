"""What mutants do to the predictions over the baseline's tokens: divergence, KL, and the baseline's likelihood.

All are checked in batches against the baseline; none is generated.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from explorer.domain.decoding import Decoding
from explorer.domain.effects import Effect
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.decoding import choose, near_tie
from explorer.generation.differences import kl_of
from explorer.generation.draft import check_many
from explorer.model.anatomy import Anatomy
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import first_layer, make_mutant, slab_bytes

BATCH = 9
"""How many mutants are checked in one forward pass."""


MOST_BYTES = 2**30
"""What the weights of the mutants of one pass take, unless one alone takes more."""


class Answered(Protocol):
    """A text of which the last tokens are an answer to the first: a baseline, or a passage."""

    @property
    def prompt_tokens(self) -> tuple[int, ...]:
        """What is given."""
        ...

    @property
    def tokens(self) -> tuple[int, ...]:
        """What is answered."""
        ...


def nll(logits: Tensor, text: Answered) -> Tensor:
    """Mean negative log-likelihood, in nats a token, of a text's answer under logits [tokens, vocabulary]."""
    tokens = torch.tensor(text.tokens, device=logits.device)
    return torch.nn.functional.cross_entropy(logits, tokens)


def layer_batches(anatomy: Anatomy, genotypes: Sequence[Genotype], size: int) -> Iterator[list[int]]:
    """The places of genotypes in batches of nearly one size, at most `size`: a batch of one would be a waste.

    They come in the order of the first layer that they change, so that a batch starts as high as it can.
    """
    entries = [first_layer(anatomy, genotype) or 0 for genotype in genotypes]
    order = sorted(range(len(genotypes)), key=entries.__getitem__)
    batches = -(-len(order) // size)
    for number in range(batches):
        yield order[number * len(order) // batches : (number + 1) * len(order) // batches]


def checked(model: LoadedModel, baseline: Baseline, genotypes: Sequence[Genotype]) -> Iterator[tuple[int, Tensor]]:
    """The place of each genotype and its logits [answer tokens, vocabulary] over the baseline's tokens.

    Mutants that first change neighbouring layers share a batch, so that a batch starts as high as it can:
    the places come in that order.
    """
    largest = max((slab_bytes(model, genotype) for genotype in genotypes), default=1)
    size = max(1, min(BATCH, MOST_BYTES // max(1, largest)))
    for places in layer_batches(model.anatomy, genotypes, size):
        mutants = [make_mutant(model, genotypes[place]) for place in places]  # no more of them than a batch at a time
        yield from zip(places, check_many(model, baseline, mutants), strict=True)


def added_nll(model: LoadedModel, baseline: Baseline, genotypes: Sequence[Genotype]) -> list[float]:
    """What each genotype adds to the baseline's NLL, in nats a token; infinite if its forward pass overflows."""
    own = float(nll(baseline.logits, baseline))
    losses = {place: _added(float(nll(logits, baseline)), own) for place, logits in checked(model, baseline, genotypes)}
    return [losses[place] for place in range(len(genotypes))]


def effects(
    model: LoadedModel, baseline: Baseline, decoding: Decoding, genotypes: Sequence[Genotype]
) -> tuple[Effect, ...]:
    """The effect of each genotype; `decoding` decides where the mutant would choose otherwise."""
    original = baseline.logits.log_softmax(-1)
    shares = original.exp()
    chosen = torch.tensor(baseline.tokens, device=original.device).unsqueeze(-1)
    own = -float(original.gather(-1, chosen).mean())
    found = {}
    for place, logits in checked(model, baseline, genotypes):
        mutated = logits.log_softmax(-1)  # once, for both measures: over a large vocabulary it takes its time
        found[place] = Effect(
            first_divergence=_first_divergence(model, baseline, decoding, logits),
            mean_kl=kl_of(original, shares, mutated),
            added_nll=_added(-float(mutated.gather(-1, chosen).mean()), own),
        )
    return tuple(found[place] for place in range(len(genotypes)))


def _first_divergence(model: LoadedModel, baseline: Baseline, decoding: Decoding, logits: Tensor) -> int | None:
    choices = choose(logits, decoding, 0, near_tie(model.dtype))
    chosen = zip(choices.tokens.tolist(), choices.finite.tolist(), baseline.tokens, strict=True)
    parted = (place for place, (token, finite, expected) in enumerate(chosen) if not finite or token != expected)
    return next(parted, None)


def _added(loss: float, own: float) -> float:
    """What a mutant's NLL adds to the original's `own`: infinite where there is none."""
    return math.inf if math.isnan(loss) else loss - own
