"""The baseline as a draft: one pass of a mutant over its tokens, or of the original over a mutant's.

Both are teacher-forced: the tokens are given, and what comes back is what the model would have chosen at
each of them.
"""

from collections.abc import Sequence
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
    logits, cache = _check_rows(model, baseline, [mutant])
    key_values = row_of(cache, 0)
    if _resumes(baseline, mutant):
        key_values = baseline.key_values.below(mutant.first_layer or 0, key_values)
    return Checked(logits[0], key_values)


def check_many(model: LoadedModel, baseline: Baseline, mutants: Sequence[Mutant]) -> Tensor:
    """Logits [mutants, answer tokens, vocabulary] of several mutants over the baseline's tokens, in one batch."""
    return _check_rows(model, baseline, mutants)[0]


def _check_rows(model: LoadedModel, baseline: Baseline, mutants: Sequence[Mutant]) -> tuple[Tensor, DynamicCache]:
    view, cache, keep = mutated_view(model, dict(enumerate(mutants))), DynamicCache(), len(baseline.tokens)
    if all(_resumes(baseline, mutant) for mutant in mutants):
        first = min(mutant.first_layer or 0 for mutant in mutants)
        hidden = baseline.hidden[first].expand(len(mutants), -1, -1)
        return forward_from(model, view, hidden, cache, first_layer=first, keep=keep), cache
    tokens = torch.tensor([[*baseline.prompt_tokens, *baseline.tokens[:-1]]], device=model.device)
    return forward(model, view, tokens.expand(len(mutants), -1), cache, keep=keep), cache


def _resumes(baseline: Baseline, mutant: Mutant) -> bool:
    """Whether the baseline's activations spare a mutant the layers below its own."""
    return mutant.first_layer is not None and bool(baseline.hidden)


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
