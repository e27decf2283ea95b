"""The baseline as a draft: one pass of a mutant over its tokens, or of the original over a mutant's.

Both are teacher-forced: the tokens are given, and what comes back is what the model would have chosen at
each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.passes import KeyValues, forward, forward_from, row_of
from explorer.generation.trial import is_alone, single_of, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import Mutant, make_mutant, mutated_view


@dataclass(frozen=True, slots=True)
class Checked:
    """A mutant's pass over the baseline's tokens."""

    logits: Tensor
    """[answer tokens, vocabulary], float32: what the mutant would choose each token from."""
    key_values: KeyValues | None
    """The mutant's, of prompt and answer but its last token; None where they cannot be cut back."""


def check(model: LoadedModel, baseline: Baseline, mutant: Mutant, most: int = 0) -> Checked:
    """Run a mutant over the baseline's tokens, from the first layer that it changes on.

    `most` is how many tokens its own answer may have, if that is more than the baseline's.
    """
    if is_alone_over(model, baseline, mutant, most):
        return Checked(_single(model, baseline, mutant), None)
    logits, cache = _check_rows(model, baseline, [mutant])
    key_values = row_of(cache, 0)
    if _resumes(model, baseline, mutant):
        key_values = baseline.key_values.below(mutant.first_layer or 0, key_values)
    return Checked(logits[0], key_values)


def check_many(model: LoadedModel, baseline: Baseline, mutants: Sequence[Mutant]) -> Tensor:
    """Logits [mutants, answer tokens, vocabulary] of several mutants over the baseline's tokens.

    In one batch, but for those that cannot be a row of one.
    """
    apart = {place: mutant for place, mutant in enumerate(mutants) if is_alone_over(model, baseline, mutant)}
    if not apart:
        return _check_rows(model, baseline, mutants)[0]
    together = [mutant for place, mutant in enumerate(mutants) if place not in apart]
    rows = iter(_check_rows(model, baseline, together)[0] if together else ())
    return torch.stack(
        [_single(model, baseline, mutant) if place in apart else next(rows) for place, mutant in enumerate(mutants)]
    )


def is_alone_over(model: LoadedModel, baseline: Baseline, mutant: Mutant, most: int = 0) -> bool:
    """Whether a mutant is to be computed by itself over the baseline's tokens, or over `most` if that is more."""
    start = len(baseline.prompt_tokens)
    return is_alone(model, mutant, start, start + max(most, len(baseline.tokens)))


def _single(model: LoadedModel, baseline: Baseline, mutant: Mutant) -> Tensor:
    """Logits [answer tokens, vocabulary] by the plain procedure."""
    return single_of(model, mutant).logits_over(baseline.prompt_tokens, baseline.tokens)


def _check_rows(model: LoadedModel, baseline: Baseline, mutants: Sequence[Mutant]) -> tuple[Tensor, DynamicCache]:
    view, cache, keep = mutated_view(model, dict(enumerate(mutants))), DynamicCache(), len(baseline.tokens)
    if all(_resumes(model, baseline, mutant) for mutant in mutants):
        first = min(mutant.first_layer or 0 for mutant in mutants)
        hidden = baseline.hidden[first].expand(len(mutants), -1, -1)
        return forward_from(model, view, hidden, cache, first_layer=first, keep=keep), cache
    tokens = torch.tensor([[*baseline.prompt_tokens, *baseline.tokens[:-1]]], device=model.device)
    return forward(model, view, tokens.expand(len(mutants), -1), cache, keep=keep), cache


def _resumes(model: LoadedModel, baseline: Baseline, mutant: Mutant) -> bool:
    """Whether the baseline's activations spare a mutant the layers below its own."""
    return mutant.first_layer is not None and bool(baseline.hidden) and verdict_of(model).resumes


def read_as_original(model: LoadedModel, baseline: Baseline, tokens: list[int], divergence: int) -> Tensor:
    """Logits [tokens from the divergence on, vocabulary] of the original over a mutant's tokens.

    Up to the divergence the tokens are the baseline's, whose logits and activations are kept.
    """
    fed = tokens[divergence:-1]
    first = baseline.logits[divergence : divergence + len(tokens[divergence:][:1])]
    if not fed:
        return first
    if not baseline.key_values.keys:  # nothing that could be cut back
        single = single_of(model, make_mutant(model, Genotype()))
        return single.logits_over(baseline.prompt_tokens, tokens)[divergence:]
    cache = baseline.key_values.cache(len(baseline.prompt_tokens) + divergence)
    batch = torch.tensor([fed], device=model.device)
    return torch.cat([first, forward(model, View(model.view.root), batch, cache, keep=len(fed))[0]])
