"""What instruments find out: the effects of genotypes on the original's predictions, in numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from explorer.domain.errors import ModelError
from explorer.domain.genotype import Mutation, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a genotype does to the model's predictions over the baseline's tokens."""

    first_divergence: int | None
    """The first position, from 0, at which the mutant would choose otherwise; None: nowhere."""
    mean_kl: float | None
    """KL(original ‖ mutant), in nats; None: its forward pass overflows."""
    added_nll: float
    """What it adds to the baseline's negative log-likelihood, in nats a token; infinite if it overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knockout:
    """An attention head without its output, and what that does."""

    site: Site
    effect: Effect
    """Over the tokens of an answer; of questions, over the first token of each one's answer, and `first_divergence` is
    the first question that is answered otherwise."""
    right: int | None = None
    """Questions that it answers right, of those that were asked; None where none were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knockouts:
    """Every attention head of a model knocked out by itself."""

    heads: tuple[Knockout, ...]
    """Layer by layer."""
    questions: int = 0
    """How many were asked; 0: it is about an answer to a prompt."""
    right: int = 0
    """And how many the original, or the background, answers right."""

    @property
    def strongest(self) -> list[Knockout]:
        """The head that changes most first, by KL; one that overflows before all others."""
        return sorted(self.heads, key=lambda each: -(math.inf if each.effect.mean_kl is None else each.effect.mean_kl))


def check_heads(found: Knockouts) -> None:
    """Raises ModelError for a model none of whose heads has a name."""
    if not found.heads:
        raise ModelError("This model has no attention heads that lie apart, so none can be knocked out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epistasis:
    """Mutations one by one and all together."""

    mutations: tuple[Mutation, ...]
    singles: tuple[Effect, ...]
    joint: Effect

    @property
    def sum(self) -> float:
        """Of the single effects on the NLL: what the joint one would be if they did not interact."""
        return sum(effect.added_nll for effect in self.singles)

    @property
    def interaction(self) -> float:
        """How much more the joint effect is than the sum, in nats a token; NaN where both are infinite."""
        return self.joint.added_nll - self.sum


MOST_PAIRED = 24
"""A matrix of pairs of more mutations would have 300 genotypes and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMatrix:
    """The interaction of every pair of some mutations."""

    mutations: tuple[Mutation, ...]
    singles: tuple[Effect, ...]
    pairs: Mapping[tuple[int, int], Effect]
    """Of the mutations at two places, the earlier first."""

    def interaction(self, first: int, second: int) -> float:
        """How much more a pair adds to the NLL than its two mutations, in nats a token."""
        pair = self.pairs[min(first, second), max(first, second)]
        return pair.added_nll - self.singles[first].added_nll - self.singles[second].added_nll


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Propagation:
    """How a mutation spreads through the layers, over prompt and baseline."""

    tokens: tuple[str, ...]
    """As shown to a person."""
    prompt_length: int
    """How many of the tokens are the prompt's."""
    changes: npt.NDArray[np.float32]
    """[layers + 1, tokens]: |mutant − original| / |original| of the hidden state before each layer and after the
    last; NaN where the mutant overflows."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that a model might choose, with its probability at temperature 1."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LensReading:
    """What both models would say next if they were read out after some layers (logit lens)."""

    layers: int
    """How many layers have been applied; 0: the embedding is read."""
    original: tuple[Alternative, ...]
    """The likeliest tokens; none where the forward pass has overflowed."""
    mutated: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """The readings after one token, from the embedding to the last layer."""

    token: str
    position: int
    """Among the tokens of prompt and answer, from 0."""
    readings: tuple[LensReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """What setting a site to one value does to the model's predictions over the baseline's tokens."""

    value: float
    first_divergence: int | None
    """The first position, from 0, at which the mutant would choose otherwise; None: nowhere."""
    mean_kl: float | None
    """KL(original ‖ mutant), in nats; None: its forward pass overflows."""


def steepest_step(doses: Sequence[Dose]) -> tuple[Dose, Dose]:
    """The neighbours, by value, between which the mean KL changes fastest; an overflow is further than any number."""
    return max(pairwise(doses), key=_slope)


def _slope(pair: tuple[Dose, Dose]) -> float:
    left, right = pair
    return abs(_height(right) - _height(left)) / (right.value - left.value)


def _height(dose: Dose) -> float:
    return 1e9 if dose.mean_kl is None else dose.mean_kl


MATCHED, FEW = 100, 20
"""Matched controls that are drawn, where there are as many other places; and for a list that someone waits for."""


@dataclass(frozen=True, slots=True)
class SizeRank:
    """How large the weights of a site are among those of all places like it in their matrix."""

    site: Site
    rank: int
    """1: the largest, by root mean square."""
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What a genotype adds to the baseline's negative log-likelihood, beside matched controls; nats a token."""

    added_nll: float
    controls: tuple[float, ...]
    """Of genotypes with the same operations at places of the same matrices that were drawn at random."""
    sizes: tuple[SizeRank, ...] = ()

    @property
    def stronger(self) -> int:
        """Controls that add as much or more."""
        return sum(control >= self.added_nll for control in self.controls)

    @property
    def rank(self) -> int:
        """Among the controls and itself; 1: it adds most."""
        return self.stronger + 1

    @property
    def p(self) -> float:
        """How likely a place drawn at random adds as much: of a permutation test, one-sided."""
        return self.rank / (len(self.controls) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A mutation and what it adds to the baseline's negative log-likelihood, in nats a token."""

    mutation: Mutation
    estimate: float | None
    """First-order; None where it comes from a spike alone."""
    verified: float
    """By a forward pass; infinite if it overflows."""
    matched: Matched | None = None
    """Beside controls; None where none were drawn."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SensitivityMap:
    """First-order estimates of what an operation on a block adds to the baseline's NLL, in nats a token."""

    side: int
    """Rows and columns of a block."""
    estimates: Mapping[tuple[str, str], npt.NDArray[np.float32]]
    """By matrix and operation (`zero`, `max`, `min`): [blocks down, blocks across]."""

    def strongest(self, operation: str, like: str = "") -> str:
        """The matrix that holds the block of largest estimate; of a layer's experts, if `like` is such as `3.down`."""
        layer, _, kind = like.partition(".")
        sizes = {name: float(np.abs(grid).max()) for (name, done), grid in self.estimates.items() if done == operation}
        alike = [name for name in sizes if name.startswith(f"{layer}.expert") and name.endswith(f".{kind}")]
        return max(alike or sizes, key=lambda name: sizes[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How first-order estimates compare with verified forward passes on a random sample."""

    estimated: tuple[float, ...]
    """Nats a token."""
    verified: tuple[float, ...]
    rank_correlation: float
    """Spearman's; NaN where it is not defined."""
