"""The baseline as a draft: one pass of a mutant over its tokens, or of the original over a mutant's.

Both are teacher-forced: the tokens are given, and what comes back is what the model would have chosen at
each of them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.generation.baseline import Baseline
from explorer.generation.passes import KeyValues, forward, forward_from, row_of
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import Mutant, mutated_view


@dataclass(frozen=True, slots=True)
class Checked:
    """A mutant's pass over the baseline's tokens."""

    logits: Tensor
    """[answer tokens, vocabulary], float32: what the mutant would choose each token from."""
    key_values: KeyValues
    """The mutant's, of prompt and answer but its last token."""


def check(model: LoadedModel, baseline: Baseline, mutant: Mutant) -> Checked:
    """Run a mutant over the baseline's tokens, from the first layer that it changes on."""
    view, cache, keep = mutated_view(model, {0: mutant}), DynamicCache(), len(baseline.tokens)
    if mutant.first_layer is None or not baseline.hidden:
        tokens = [*baseline.prompt_tokens, *baseline.tokens[:-1]]
        logits = forward(model, view, torch.tensor([tokens], device=model.device), cache, keep=keep)
        return Checked(logits[0], row_of(cache, 0))
    first = mutant.first_layer
    logits = forward_from(model, view, baseline.hidden[first], cache, first_layer=first, keep=keep)
    return Checked(logits[0], baseline.key_values.below(first, row_of(cache, 0)))


def read_as_original(model: LoadedModel, baseline: Baseline, tokens: list[int], divergence: int) -> Tensor:
    """Logits [tokens from the divergence on, vocabulary] of the original over a mutant's tokens.

    Up to the divergence the tokens are the baseline's, whose logits and activations are kept.
    """
    fed = tokens[divergence:-1]
    first = baseline.logits[divergence : divergence + len(tokens[divergence:][:1])]
    if not fed:
        return first
    cache = baseline.key_values.cache(len(baseline.prompt_tokens) + divergence)
    batch = torch.tensor([fed], device=model.device)
    return torch.cat([first, forward(model, View(model.view.root), batch, cache, keep=len(fed))[0]])
