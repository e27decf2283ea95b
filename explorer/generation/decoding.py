"""From logits to tokens: greedy, or sampling with noise that all variants share.

Sampling adds Gumbel noise to the logits over temperature (the Gumbel-max trick: the argmax is then a
sample of the softmax). The noise is a pure function of (seed, position), from a counter-based generator,
so the original and every mutant meet the same noise and a difference comes from the weights alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.domain import Decoding

NEAR_TIE = 1e-3
"""Below this gap, in logits, rounding may decide which token is chosen."""

_NUCLEUS_SLACK = 1e-4


@dataclass(frozen=True, slots=True)
class Choices:
    """The tokens chosen at consecutive positions and how narrowly."""

    tokens: Tensor
    """[positions], int64."""
    gaps: Tensor
    """[positions]: by how much the chosen token led the next one, in logits; 0 where rounding decides."""
    finite: Tensor
    """[positions], bool: False where the forward pass has overflowed; the token means nothing there."""


def choose(logits: Tensor, decoding: Decoding, first_position: int) -> Choices:
    """Choose a token at each position from logits [positions, vocabulary].

    `first_position` counts generated tokens from 0 and selects the noise.
    """
    finite = torch.isfinite(logits).all(-1)
    logits = torch.where(finite.unsqueeze(-1), logits.float(), torch.zeros_like(logits, dtype=torch.float32))
    if decoding.temperature == 0:
        top = logits.topk(2, dim=-1)
        return Choices(top.indices[:, 0], top.values[:, 0] - top.values[:, 1], finite)
    scores = logits / decoding.temperature + _noise_for(logits, decoding.seed, first_position)
    tokens, gaps = _best(scores, _nucleus(logits, decoding, decoding.top_p))
    if decoding.top_p < 1:
        for top_p in (decoding.top_p - _NUCLEUS_SLACK, decoding.top_p + _NUCLEUS_SLACK):
            other, _ = _best(scores, _nucleus(logits, decoding, top_p))
            gaps = torch.where(other == tokens, gaps, 0.0)
    return Choices(tokens, gaps * decoding.temperature, finite)


def gumbel_noise(seed: int, position: int, size: int) -> Tensor:
    """Standard Gumbel noise [size], float32, the same on every device: Philox keyed by seed, counted by position."""
    raw = np.random.Philox(key=seed, counter=[0, 0, 0, position]).random_raw(size)
    uniform = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54  # within (0, 1), never at an end
    return torch.from_numpy(-np.log(-np.log(uniform))).float()


def _noise_for(logits: Tensor, seed: int, first_position: int) -> Tensor:
    positions = range(first_position, first_position + logits.shape[0])
    return torch.stack([gumbel_noise(seed, position, logits.shape[1]) for position in positions]).to(logits.device)


def _nucleus(logits: Tensor, decoding: Decoding, top_p: float) -> Tensor | None:
    """Mask [positions, vocabulary] of the likeliest tokens that together hold `top_p`; None for all."""
    if top_p >= 1:
        return None
    ordered = (logits / decoding.temperature).softmax(-1).sort(dim=-1, descending=True)
    mass_before = ordered.values.cumsum(-1) - ordered.values
    keep = mass_before < top_p
    keep[:, 0] = True
    return torch.zeros_like(keep).scatter(-1, ordered.indices, keep)


def _best(scores: Tensor, allowed: Tensor | None) -> tuple[Tensor, Tensor]:
    """The best token of each position and its lead over the next."""
    if allowed is not None:
        scores = scores.masked_fill(~allowed, -torch.inf)
    top = scores.topk(2, dim=-1)
    return top.indices[:, 0], top.values[:, 0] - top.values[:, 1]
