"""Gradients of the baseline's negative log-likelihood, handed on matrix by matrix and dropped.

So a model needs no second copy of itself: one matrix's gradient is there at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from explorer.domain.errors import ModelError
from explorer.generation.effects import Answered, nll
from explorer.generation.single import prepared
from explorer.generation.trial import verdict_of
from explorer.model.anatomy import Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.weights import parameter_of, part_of
from explorer.mutation.apply import Mutant, mutated_view

Reduce = Callable[[Matrix, Tensor], None]
"""Takes a matrix and its gradient [rows, columns], which it may overwrite: it is dropped afterwards."""


def reduce_gradients(
    model: LoadedModel, texts: Sequence[Answered], reduce: Reduce, background: Mutant | None = None
) -> None:
    """One backward pass; each layer's matrices, norms left out, go to `reduce` as soon as their gradient is there.

    It is that of the mean over texts of their mean NLL, on top of a background if there is one. Of a model whose layers
    are not known, all of its matrices. Raises ModelError if it has no such pass.
    """
    with _hooked(model, reduce):
        root = None if background is None else mutated_view(model, {0: _followed(model, background)}).root
        try:
            with torch.enable_grad():
                losses = [loss_of(model, text, root) for text in texts]
                torch.stack(losses).mean().backward()
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, NotImplementedError) as fault:
            why = " ".join(str(fault).split())[:200]
            raise ModelError(f"No gradient goes through this model ({model.anatomy.model_type}): {why}") from fault


def _followed(model: LoadedModel, mutant: Mutant) -> Mutant:
    """A mutant whose slabs hand their gradient on to the weights that they stand for."""
    slabs = []
    for slab in mutant.slabs:
        own = part_of(parameter_of(model.causal_lm, slab.matrix), slab.matrix)[slab.rows.start : slab.rows.stop]
        slabs.append(replace(slab, weights=slab.weights + (own - own.detach())))
    return replace(mutant, slabs=tuple(slabs))


def loss_of(model: LoadedModel, text: Answered, root: nn.Module | None = None) -> Tensor:
    """The mean NLL of a text's answer, in nats a token, with its graph; `root` computes in place of the model."""
    with torch.enable_grad():
        return nll(_logits(model, text, root or model.causal_lm).float(), text)


def _logits(model: LoadedModel, answered: Answered, root: nn.Module) -> Tensor:
    """[answer tokens, vocabulary], from one pass, or from one for each token where one does not tell them all."""
    text = tokens_of(model, answered)
    if not verdict_of(model).whole:
        lengths = range(len(answered.prompt_tokens), text.shape[1] + 1)
        passes = (root(**prepared(model, text[:, :length])).logits[0, -1] for length in lengths)
        return torch.stack(list(passes))
    inputs: dict[str, Any] = {"input_ids": text}
    for name, value in (("use_cache", False), ("logits_to_keep", len(answered.tokens))):
        if model.accepts(name):
            inputs[name] = value
    logits: Tensor = root(**inputs).logits[0, -len(answered.tokens) :]
    return logits


def tokens_of(model: LoadedModel, text: Answered) -> Tensor:
    """Token ids [1, prompt and answer but the last]."""
    return torch.tensor([[*text.prompt_tokens, *text.tokens[:-1]]], device=model.device)


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
