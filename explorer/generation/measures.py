"""What is measured of a finished pair: distances, near ties, and the likeliest tokens at every place."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from explorer.generation.baseline import Baseline
from explorer.generation.decoding import near_tie
from explorer.generation.differences import cosine_similarity, mean_kl, perplexity, share_changed
from explorer.generation.draft import read_as_original
from explorer.model.loaded import LoadedModel

ALTERNATIVES = 5
"""How many of the likeliest tokens are kept for each place."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that a model might have chosen, with its probability at temperature 1."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Place:
    """The likeliest tokens of both models at one place of one of the texts, given the text before it."""

    original: tuple[Alternative, ...]
    mutated: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How far a mutant is from the original. None: not defined, because its forward pass overflowed."""

    share_changed: float
    """Share of tokens, of both texts together, that an alignment leaves unmatched."""
    cosine: float
    """Of the two texts' word counts."""
    mean_kl: float | None
    """KL(original ‖ mutant) over the baseline's tokens, in nats."""
    perplexity: float | None
    """Of the mutated text under the original model."""
    near_ties: int
    """Choices, of both models, that led by less than `decoding.near_tie`: rounding may decide them."""
    original_places: tuple[Place, ...] = field(repr=False)
    mutated_places: tuple[Place, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """A mutant's own text with what it was chosen from."""

    tokens: list[int]
    logits: Tensor
    """[tokens, vocabulary], float32."""
    gaps: list[float]
    """By how much each token was chosen, in logits."""


def measure_pair(
    model: LoadedModel, baseline: Baseline, answer: Answer, over_baseline: Tensor, divergence: int | None
) -> Measures:
    """Compare a mutant's answer, and its logits [baseline tokens, vocabulary], with the baseline."""
    common = len(baseline.tokens) if divergence is None else divergence
    own = answer.logits
    if divergence is None:
        seen_by_original = baseline.logits
    else:
        tail = read_as_original(model, baseline, answer.tokens, divergence)
        seen_by_original = torch.cat([baseline.logits[:common], tail])
    gaps = [*baseline.gaps, *answer.gaps]
    return Measures(
        share_changed=share_changed(list(baseline.tokens), answer.tokens),
        cosine=cosine_similarity(model.decode(list(baseline.tokens)), model.decode(answer.tokens)),
        mean_kl=mean_kl(baseline.logits, over_baseline),
        perplexity=perplexity(seen_by_original, answer.tokens),
        near_ties=sum(gap < near_tie(model.dtype) for gap in gaps),
        original_places=_places(model, baseline.logits, over_baseline),
        mutated_places=_places(model, seen_by_original, own),
    )


def _places(model: LoadedModel, original: Tensor, mutated: Tensor) -> tuple[Place, ...]:
    left, right = _likeliest(model, original), _likeliest(model, mutated)
    return tuple(Place(a, b) for a, b in zip(left, right, strict=True))


def _likeliest(model: LoadedModel, logits: Tensor) -> list[tuple[Alternative, ...]]:
    """Per position the likeliest tokens; none where the forward pass has overflowed."""
    top = logits.softmax(-1).topk(ALTERNATIVES, dim=-1)
    places = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return [
        tuple(Alternative(model.show_token(token), share) for token, share in zip(tokens, shares, strict=True))
        if shares[0] == shares[0]  # NaN differs from itself
        else ()
        for tokens, shares in places
    ]
