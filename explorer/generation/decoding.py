"""From logits to tokens: greedy, or sampling with noise that all variants share.

Sampling adds Gumbel noise to the logits over temperature (the Gumbel-max trick: the argmax is then a
sample of the softmax). The noise is a pure function of (seed, position), from a counter-based generator,
so the original and every mutant meet the same noise and a difference comes from the weights alone.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.domain.chance import uniform
from explorer.domain.decoding import Decoding

NEAR_TIE = 1e-3
"""Below this gap, in logits, rounding may decide which token is chosen, in float32."""

POSITIONS_KEPT = 300
"""Positions whose noise is kept, as many as the study's longest texts have: 4 bytes a token of the vocabulary each."""

_NUCLEUS_SLACK = 1e-4


def near_tie(dtype: torch.dtype) -> float:
    """The gap, in logits, below which rounding may decide: in half precision, one step of a logit of 32."""
    return max(NEAR_TIE, 32 * torch.finfo(dtype).eps)


@dataclass(frozen=True, slots=True)
class Choices:
    """The tokens chosen at consecutive positions and how narrowly."""

    tokens: Tensor
    """[positions], int64."""
    gaps: Tensor
    """[positions]: by how much the chosen token led the next one, in logits; 0 where rounding decides."""
    finite: Tensor
    """[positions], bool: False where the forward pass has overflowed; the token means nothing there."""

    def told(self) -> list[tuple[int, float, bool]]:
        """Token, gap and whether it is finite, position by position."""
        return list(zip(self.tokens.tolist(), self.gaps.tolist(), self.finite.tolist(), strict=True))


def choose(logits: Tensor, decoding: Decoding, first_position: int | list[int], tie: float = NEAR_TIE) -> Choices:
    """Choose a token at each position from logits [positions, vocabulary].

    `first_position` counts generated tokens from 0 and selects the noise, or is the position of each row, where they
    are of different texts; `tie` is the gap below which rounding may decide what belongs to the nucleus.
    """
    lowest, highest = logits.amin(-1), logits.amax(-1)  # a tenth of the time that `aminmax` takes, or a look at each
    finite = torch.isfinite(lowest) & torch.isfinite(highest)
    logits = logits.float()
    if not bool(finite.all()):
        logits = torch.where(finite.unsqueeze(-1), logits, torch.zeros_like(logits))
    if decoding.temperature == 0:
        top = logits.topk(2, dim=-1)
        return Choices(top.indices[:, 0], top.values[:, 0] - top.values[:, 1], finite)
    logits = logits - logits.amax(-1, keepdim=True)  # a tiny temperature must not overflow
    scores = logits / decoding.temperature + _noise_for(logits, decoding.seed, first_position)
    if decoding.top_p == 1 and not 0 < decoding.top_k < logits.shape[-1]:
        tokens, gaps = _best(scores)
    else:
        tokens, gaps = _best_in_nucleus(scores, logits, decoding, tie)
    return Choices(tokens, gaps * decoding.temperature, finite)


def gumbel_noise(seed: int, position: int, size: int) -> Tensor:
    """Standard Gumbel noise [size], float32, the same on every device: Philox keyed by seed, counted by position."""
    return torch.from_numpy(-np.log(-np.log(uniform(size, seed, stream=0, place=position)))).float()


def _noise_for(logits: Tensor, seed: int, first_position: int | list[int]) -> Tensor:
    if isinstance(first_position, int):
        first_position = list(range(first_position, first_position + len(logits)))
    return _noise_rows(seed, tuple(first_position), logits.shape[-1], logits.device)


@functools.lru_cache(maxsize=1)  # mutants that are checked one after the other meet the same noise
def _noise_rows(seed: int, positions: tuple[int, ...], size: int, device: torch.device) -> Tensor:
    return torch.stack([_noise_row(seed, position, size, device) for position in positions])


@functools.lru_cache(maxsize=POSITIONS_KEPT)  # texts that grow together are each at a position of its own
def _noise_row(seed: int, position: int, size: int, device: torch.device) -> Tensor:
    return gumbel_noise(seed, position, size).to(device)


def _best_in_nucleus(scores: Tensor, logits: Tensor, decoding: Decoding, tie: float) -> tuple[Tensor, Tensor]:
    """As `_best`, of the tokens in the nucleus; no lead where rounding decides whether the winner is in it."""
    tokens, gaps = _best(scores.masked_fill(logits < _edge(logits, decoding, decoding.top_p), -torch.inf))
    wider = _edge(logits, decoding, decoding.top_p + _NUCLEUS_SLACK) - tie
    narrower = _edge(logits, decoding, decoding.top_p - _NUCLEUS_SLACK) + tie
    narrower = torch.minimum(narrower, logits.amax(-1, keepdim=True))  # the likeliest token is always in it
    for edge in (wider, narrower):
        other, _ = _best(scores.masked_fill(logits < edge, -torch.inf))
        gaps = torch.where(other == tokens, gaps, 0.0)
    return tokens, gaps


def _edge(logits: Tensor, decoding: Decoding, top_p: float) -> Tensor:
    """The smallest logit [positions, 1] of the `top_k` likeliest tokens, of those that together hold `top_p`."""
    if 0 < decoding.top_k < logits.shape[-1]:
        ordered = logits.topk(decoding.top_k, dim=-1).values
    else:
        ordered = logits.sort(dim=-1, descending=True).values
    if decoding.top_p == 1:
        return ordered[:, -1:]
    shares = (ordered / decoding.temperature).softmax(-1)
    is_inside = shares.cumsum(-1) - shares < top_p
    last = is_inside.sum(-1, keepdim=True).clamp(min=1) - 1
    return ordered.gather(-1, last)


def _best(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The best token of each position and its lead over the next."""
    top = scores.topk(2, dim=-1)
    return top.indices[:, 0], top.values[:, 0] - top.values[:, 1]
