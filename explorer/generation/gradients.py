"""Gradients of the baseline's negative log-likelihood, handed on matrix by matrix and dropped.

So a model needs no second copy of itself: one matrix's gradient is there at a time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from explorer.domain.errors import ModelError
from explorer.generation.baseline import Baseline
from explorer.generation.effects import nll
from explorer.generation.single import prepared
from explorer.generation.trial import verdict_of
from explorer.model.anatomy import Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.weights import parameter_of, part_of

Reduce = Callable[[Matrix, Tensor], None]
"""Takes a matrix and its gradient [rows, columns], which it may overwrite: it is dropped afterwards."""


def reduce_gradients(model: LoadedModel, baseline: Baseline, reduce: Reduce) -> None:
    """One backward pass; each layer's matrices, norms left out, go to `reduce` as soon as their gradient is there.

    Of a model whose layers are not known, all of its matrices. Raises ModelError if it has no such pass.
    """
    with _hooked(model, reduce):
        try:
            loss_of(model, baseline).backward()
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, NotImplementedError) as fault:
            why = " ".join(str(fault).split())[:200]
            raise ModelError(f"No gradient goes through this model ({model.anatomy.model_type}): {why}") from fault


def loss_of(model: LoadedModel, baseline: Baseline) -> Tensor:
    """The baseline's mean NLL, in nats a token, with its graph."""
    with torch.enable_grad():
        return nll(_logits(model, baseline).float(), baseline)


def _logits(model: LoadedModel, baseline: Baseline) -> Tensor:
    """[answer tokens, vocabulary], from one pass, or from one for each token where one does not tell them all."""
    text = tokens_of(model, baseline)
    if not verdict_of(model).whole:
        lengths = range(len(baseline.prompt_tokens), text.shape[1] + 1)
        passes = (model.causal_lm(**prepared(model, text[:, :length])).logits[0, -1] for length in lengths)
        return torch.stack(list(passes))
    inputs: dict[str, Any] = {"input_ids": text}
    for name, value in (("use_cache", False), ("logits_to_keep", len(baseline.tokens))):
        if model.accepts(name):
            inputs[name] = value
    logits: Tensor = model.causal_lm(**inputs).logits[0, -len(baseline.tokens) :]
    return logits


def tokens_of(model: LoadedModel, baseline: Baseline) -> Tensor:
    """Token ids [1, prompt and answer but the last]."""
    return torch.tensor([[*baseline.prompt_tokens, *baseline.tokens[:-1]]], device=model.device)


@contextmanager
def _hooked(model: LoadedModel, reduce: Reduce) -> Iterator[None]:
    by_parameter: dict[int, tuple[nn.Parameter, list[Matrix]]] = {}
    is_known = model.anatomy.layer_count > 0
    for matrix in model.anatomy.matrices.values():
        if (matrix.layer is not None or not is_known) and matrix.columns > 1:
            parameter = parameter_of(model.causal_lm, matrix)
            by_parameter.setdefault(id(parameter), (parameter, []))[1].append(matrix)
    before = [(parameter, parameter.requires_grad) for parameter in model.causal_lm.parameters()]
    for parameter, _ in before:
        parameter.requires_grad_(id(parameter) in by_parameter)
    handles = [
        parameter.register_post_accumulate_grad_hook(_reducer(matrices, reduce))
        for parameter, matrices in by_parameter.values()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for parameter, needed_grad in before:
            parameter.requires_grad_(needed_grad)


def _reducer(matrices: list[Matrix], reduce: Reduce) -> Callable[[Tensor], None]:
    def reduce_all(parameter: Tensor) -> None:
        gradient, parameter.grad = parameter.grad, None
        assert gradient is not None
        for matrix in matrices:
            reduce(matrix, part_of(gradient, matrix))

    return reduce_all
