"""How far a mutant's predictions are from the original's: pure functions of tokens and logits."""

import math

import torch
from torch import Tensor


def mean_kl(original: Tensor, mutated: Tensor) -> float | None:
    """Mean over positions of KL(original ‖ mutated), in nats, of logits [positions, vocabulary].

    None if the mutant's forward pass has overflowed anywhere.
    """
    log_p = original.log_softmax(-1)
    return kl_of(log_p, log_p.exp(), mutated.log_softmax(-1))


def kl_of(log_p: Tensor, p: Tensor, log_q: Tensor) -> float | None:
    """As `mean_kl`, of log-probabilities and probabilities [positions, vocabulary] that are there already."""
    value = float(kl_at(log_p, p, log_q).mean())
    return max(0.0, value) if math.isfinite(value) else None


def kl_at(log_p: Tensor, p: Tensor, log_q: Tensor) -> Tensor:
    """KL at each position [positions], in nats, of log-probabilities and probabilities [positions, vocabulary]."""
    return (log_p - log_q).mul_(p).sum(-1)


def perplexity(logits: Tensor, tokens: list[int]) -> float | None:
    """exp of the mean negative log-likelihood, in nats, of tokens under logits [tokens, vocabulary]; None of none."""
    if not tokens:
        return None
    chosen = torch.tensor(tokens, device=logits.device).unsqueeze(-1)
    nll = -logits.log_softmax(-1).gather(-1, chosen).mean()
    try:
        return math.exp(float(nll))
    except OverflowError:
        return math.inf
