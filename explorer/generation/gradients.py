"""Gradients of the baseline's negative log-likelihood, handed on matrix by matrix and dropped.

So a model needs no second copy of itself: one matrix's gradient is there at a time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from explorer.generation.baseline import Baseline
from explorer.generation.effects import nll
from explorer.model.anatomy import Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.weights import parameter_of, part_of

Reduce = Callable[[Matrix, Tensor], None]
"""Takes a matrix and its gradient [rows, columns], which it may overwrite: it is dropped afterwards."""


def reduce_gradients(model: LoadedModel, baseline: Baseline, reduce: Reduce) -> None:
    """One backward pass; each layer's matrices, norms left out, go to `reduce` as soon as their gradient is there.

    Of a model of an unknown family, all of its matrices.
    """
    with _hooked(model, reduce):
        loss_of(model, baseline).backward()


def loss_of(model: LoadedModel, baseline: Baseline) -> Tensor:
    """The baseline's mean NLL, in nats a token, with its graph."""
    with torch.enable_grad():
        output = model.causal_lm(
            input_ids=tokens_of(model, baseline), use_cache=False, logits_to_keep=len(baseline.tokens)
        )
        return nll(output.logits[0].float(), baseline)


def tokens_of(model: LoadedModel, baseline: Baseline) -> Tensor:
    """Token ids [1, prompt and answer but the last]."""
    return torch.tensor([[*baseline.prompt_tokens, *baseline.tokens[:-1]]], device=model.device)


@contextmanager
def _hooked(model: LoadedModel, reduce: Reduce) -> Iterator[None]:
    by_parameter: dict[int, tuple[nn.Parameter, list[Matrix]]] = {}
    is_known = model.anatomy.family is not None
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
