"""How far a mutant's text and predictions are from the original's.

Pure functions of texts, tokens and logits.
"""

import math
import re
from collections import Counter
from difflib import SequenceMatcher

import torch
from torch import Tensor

_WORD = re.compile(r"\w+(?:'\w+)?")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def cosine_similarity(left: str, right: str) -> float:
    """Cosine of the two texts' word counts, 0 to 1; two texts without words are alike (1)."""
    a, b = Counter(words(left)), Counter(words(right))
    if not a and not b:
        return 1.0
    norm = math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))
    return min(1.0, sum(a[word] * b[word] for word in a) / norm) if norm else 0.0


def share_changed(original: list[int], mutated: list[int]) -> float:
    """Share of tokens, of both texts together, that an alignment of the two leaves unmatched, 0 to 1."""
    if original == mutated:
        return 0.0
    return 1.0 - SequenceMatcher(a=original, b=mutated, autojunk=False).ratio()


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


def repetition(tokens: list[int], length: int = 3) -> float:
    """Share of a text's runs of `length` tokens that have occurred in it before, 0 to 1; 0 of a text too short."""
    runs = [tuple(tokens[place : place + length]) for place in range(len(tokens) - length + 1)]
    return 1.0 - len(set(runs)) / len(runs) if runs else 0.0
