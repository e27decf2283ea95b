"""The plain procedure: edit the weights in place, decode token by token. What the fast path must equal."""

import contextlib
from collections.abc import Iterator

import torch

from explorer.domain import Decoding, Genotype
from explorer.generation.decoding import choose
from explorer.model.anatomy import Target
from explorer.model.loaded import LoadedModel


@contextlib.contextmanager
def edited_in_place(model: LoadedModel, genotype: Genotype) -> Iterator[None]:
    """The model with its own tensors overwritten; restored afterwards, bit for bit."""
    saved = [(parameter, parameter.detach().clone()) for parameter in model.causal_lm.parameters()]
    extremes = _extremes(model, genotype)
    try:
        with torch.no_grad():
            for mutation in genotype.mutations:
                for target in model.anatomy.targets(mutation.site):
                    block = _block(model, target)
                    low, high = extremes[target.matrix.name]
                    match mutation.operation.kind:
                        case "set":
                            block.fill_(mutation.operation.value)
                        case "max":
                            block.fill_(high)
                        case "min":
                            block.fill_(low)
                        case "scale":
                            block.mul_(mutation.operation.value)
                        case "add":
                            block.add_(mutation.operation.value)
        yield
    finally:
        with torch.no_grad():
            for parameter, before in saved:
                parameter.copy_(before)


def _block(model: LoadedModel, target: Target) -> torch.Tensor:
    use = target.matrix.uses[0]
    weight = model.causal_lm.get_parameter(f"{use.module}.weight").data
    rows = slice(use.first_row + target.rows.start, use.first_row + target.rows.stop)
    columns = slice(target.columns.start, target.columns.stop)
    if use.layout == "vector":
        return weight[rows]
    return weight[columns, rows] if use.layout == "conv1d" else weight[rows, columns]


def _extremes(model: LoadedModel, genotype: Genotype) -> dict[str, tuple[float, float]]:
    found = {}
    for mutation in genotype.mutations:
        for target in model.anatomy.targets(mutation.site):
            matrix = target.matrix
            whole = _block(model, Target(matrix, range(matrix.rows), range(matrix.columns)))
            found[matrix.name] = (float(whole.min()), float(whole.max()))
    return found


def decode_token_by_token(
    model: LoadedModel, prompt_tokens: list[int], decoding: Decoding
) -> tuple[list[int], list[float]]:
    """The answer of the model as its weights are now, each token from a full pass; and by how much each was chosen."""
    tokens: list[int] = []
    gaps: list[float] = []
    while len(tokens) < decoding.max_new_tokens:
        batch = torch.tensor([prompt_tokens + tokens], device=model.device)
        with torch.inference_mode():
            logits = model.causal_lm(input_ids=batch, use_cache=False).logits[0, -1:]
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
