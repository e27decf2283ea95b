"""The plain procedure: edit the weights in place, decode token by token. What the fast path must equal."""

import contextlib
from collections.abc import Iterator

import torch
from transformers import DynamicCache

from explorer.domain.decoding import Decoding
from explorer.domain.genotype import Genotype
from explorer.generation.decoding import choose
from explorer.model.anatomy import Target
from explorer.model.loaded import LoadedModel


@contextlib.contextmanager
def edited_in_place(model: LoadedModel, genotype: Genotype, stored: torch.dtype = torch.float32) -> Iterator[None]:
    """The model with its own tensors overwritten; restored afterwards, bit for bit.

    `stored` is the precision that the weights of a model in float32 are kept in elsewhere, and what is written has.
    """
    targets = (target for mutation in genotype.mutations for target in model.anatomy.targets(mutation.site))
    touched = {use.path for target in targets for use in target.matrix.uses}
    parameters = [model.causal_lm.get_parameter(name) for name in sorted(touched)]
    saved = [(parameter, parameter.detach().clone()) for parameter in parameters]
    extremes = _extremes(model, genotype)
    try:
        with torch.no_grad():
            for mutation in genotype.mutations:
                for target in model.anatomy.targets(mutation.site):
                    weight, rows, columns = _place(model, target)
                    block = weight[rows][:, columns]
                    low, high = extremes[target.matrix.name]
                    kind, value = mutation.operation.kind, mutation.operation.value
                    weight[rows[:, None], columns] = _changed(block, kind, value, low, high).to(stored).to(block.dtype)
        yield
    finally:
        with torch.no_grad():
            for parameter, before in saved:
                parameter.copy_(before)


def _changed(block: torch.Tensor, kind: str, value: float, low: float, high: float) -> torch.Tensor:
    match kind:
        case "set":
            return torch.full_like(block, value)
        case "max":
            return torch.full_like(block, high)
        case "min":
            return torch.full_like(block, low)
        case "scale":
            return block * value
    return block + value


def _place(model: LoadedModel, target: Target) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A view [rows, columns] of the tensor that holds the target's matrix, and where in it the target is."""
    matrix, use = target.matrix, target.matrix.uses[0]
    weight = model.causal_lm.get_parameter(use.path).data
    rows = torch.tensor(target.rows)
    if use.expert is not None:
        weight = weight[use.expert]
    if weight.ndim != 2:
        weight = weight.view(-1, matrix.columns)
    if use.layout in ("conv1d", "turned"):
        weight = weight.T
    kind = matrix.kind.removesuffix(".bias")
    if model.causal_lm.config.model_type == "gpt_neox" and kind in "qkv":  # head by head: q, k, v of each
        size = model.causal_lm.config.hidden_size // model.causal_lm.config.num_attention_heads
        return weight, rows + rows // size * 2 * size + "qkv".index(kind) * size, torch.tensor(target.columns)
    if use.interleaved is not None:
        rows = torch.tensor(use.features(target.rows))
        return weight, rows, torch.tensor(target.columns)
    return weight, rows + use.first_row, torch.tensor(target.columns)


def _extremes(model: LoadedModel, genotype: Genotype) -> dict[str, tuple[float, float]]:
    found = {}
    for mutation in genotype.mutations:
        for target in model.anatomy.targets(mutation.site):
            matrix = target.matrix
            weight, rows, columns = _place(model, Target(matrix, range(matrix.rows), range(matrix.columns)))
            whole = weight[rows][:, columns]
            found[matrix.name] = (float(whole.min()), float(whole.max()))
    return found


def decode_token_by_token(
    model: LoadedModel, prompt_tokens: list[int], decoding: Decoding, *, cached: bool = False
) -> tuple[list[int], list[float]]:
    """The answer of the model as its weights are now, each token from a full pass; and by how much each was chosen.

    `cached` passes use transformers' own cache: for many mutants of a real model.
    """
    cache = DynamicCache() if cached else None
    tokens: list[int] = []
    gaps: list[float] = []
    while len(tokens) < decoding.max_new_tokens:
        fed = tokens[-1:] if cached and tokens else prompt_tokens + tokens
        batch = torch.tensor([fed], device=model.device)
        with torch.inference_mode():
            logits = model.causal_lm(input_ids=batch, past_key_values=cache, use_cache=cached).logits[0, -1:]
        choice = choose(logits, decoding, len(tokens))
        if not bool(choice.finite[0]):
            break
        tokens.append(int(choice.tokens[0]))
        gaps.append(float(choice.gaps[0]))
        if tokens[-1] in model.stop_tokens:
            break
    return tokens, gaps


def agree(fast: list[int], plain: list[int], gaps: list[float], near_tie: float) -> bool:
    """Whether two answers are equal, or part at a choice that rounding may decide."""
    if fast == plain:
        return True
    parted = next((i for i, (a, b) in enumerate(zip(fast, plain, strict=False)) if a != b), None)
    return parted is not None and gaps[parted] < near_tie
