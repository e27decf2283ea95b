"""What is measured of a finished pair: distances, near ties, and the likeliest tokens at every place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.domain.effects import Alternative
from explorer.domain.pair import Measures, Readout
from explorer.generation.baseline import Baseline
from explorer.generation.decoding import near_tie
from explorer.generation.differences import mean_kl, perplexity
from explorer.generation.draft import read_as_original
from explorer.generation.texts import answer_similarity, share_changed
from explorer.model.loaded import LoadedModel

ALTERNATIVES = 5
"""How many of the likeliest tokens are kept for each place."""


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
    if divergence is None:
        seen_by_original = baseline.logits
    else:
        tail = read_as_original(model, baseline, answer.tokens, divergence)
        seen_by_original = torch.cat([baseline.logits[:divergence], tail])
    tie = near_tie(model.dtype)
    return Measures(
        share_changed=share_changed(list(baseline.tokens), answer.tokens),
        cosine=answer_similarity(model.decode(list(baseline.tokens)), model.decode(answer.tokens)),
        mean_kl=mean_kl(baseline.logits, over_baseline),
        perplexity=perplexity(seen_by_original, answer.tokens),
        divergence_is_near_tie=_is_tie(baseline.gaps, divergence, tie) or _is_tie(answer.gaps, divergence, tie),
        near_ties=sum(gap < tie for gap in (*baseline.gaps, *answer.gaps)),
        original_gaps=tuple(baseline.gaps),
        mutated_gaps=tuple(answer.gaps),
        original_readouts=_readouts(model, list(baseline.tokens), baseline.logits, over_baseline),
        mutated_readouts=_readouts(model, answer.tokens, seen_by_original, answer.logits),
    )


def _is_tie(gaps: Sequence[float], position: int | None, tie: float) -> bool:
    return position is not None and position < len(gaps) and gaps[position] < tie


def _readouts(model: LoadedModel, tokens: list[int], original: Tensor, mutated: Tensor) -> tuple[Readout, ...]:
    chosen = (model.show_token(token) for token in tokens)
    rows = zip(chosen, likeliest(model, original), likeliest(model, mutated), strict=True)
    return tuple(Readout(*row) for row in rows)


def likeliest(model: LoadedModel, logits: Tensor) -> list[tuple[Alternative, ...]]:
    """The likeliest tokens of each position of logits [positions, vocabulary]; none where it has overflowed."""
    top = logits.softmax(-1).topk(ALTERNATIVES, dim=-1)
    return [
        _alternatives(model, tokens, shares)
        for tokens, shares in zip(top.indices.tolist(), top.values.tolist(), strict=True)
    ]


def _alternatives(model: LoadedModel, tokens: list[int], shares: list[float]) -> tuple[Alternative, ...]:
    if math.isnan(shares[0]):
        return ()
    return tuple(Alternative(model.show_token(token), share) for token, share in zip(tokens, shares, strict=True))
