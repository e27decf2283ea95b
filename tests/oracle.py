"""The plain procedure: edit the weights in place, decode token by token. What the fast path must equal."""

import contextlib
import math
import struct
import zlib
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import torch
from transformers import AutoModelForCausalLM, DynamicCache

from explorer.domain.decoding import Decoding
from explorer.domain.genotype import Genotype, Mutation, Operation, Site
from explorer.generation.decoding import choose
from explorer.model.anatomy import Target
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble


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
                sources = _sources(model, mutation, dict(saved))
                for target in model.anatomy.targets(mutation.site):
                    weight, rows, columns = _place(model, target)
                    block = weight[rows][:, columns]
                    source = None if sources is None else next(sources)
                    changed = _changed(block, mutation.operation, extremes[target.matrix.name], target, source, stored)
                    weight[rows[:, None], columns] = changed.to(stored).to(block.dtype)
        yield
    finally:
        with torch.no_grad():
            for parameter, before in saved:
                parameter.copy_(before)


def _sources(
    model: LoadedModel, mutation: Mutation, before: dict[torch.nn.Parameter, torch.Tensor]
) -> Iterator[torch.Tensor] | None:
    """For each rectangle of a mutation's site what it takes from elsewhere; None if it takes nothing."""
    if mutation.operation.kind == "from":
        donor = AutoModelForCausalLM.from_pretrained(mutation.operation.donor)
        loaded = assemble(donor, model.tokenizer, source="donor", name="donor")
        places = (_place(loaded, target) for target in model.anatomy.targets(mutation.site))
        return (weight[rows][:, columns] for weight, rows, columns in places)
    copied = mutation.operation.source
    return None if copied is None else iter(_copies(model, copied, before))


def _copies(model: LoadedModel, site: Site, before: dict[torch.nn.Parameter, torch.Tensor]) -> list[torch.Tensor]:
    """The rectangles of a site as they were before anything was written."""
    found = []
    for target in model.anatomy.targets(site):
        weight, rows, columns = _place(model, target)
        own = next((old for new, old in before.items() if _is_of(weight, new)), None)
        if own is not None:  # a view of the copy, laid out as the tensor itself
            weight = own.as_strided(weight.size(), weight.stride(), weight.storage_offset())
        found.append(weight[rows][:, columns].clone())
    return found


def _is_of(view: torch.Tensor, whole: torch.Tensor) -> bool:
    return view.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()


def _changed(
    block: torch.Tensor,
    operation: Operation,
    of_matrix: tuple[float, float, float, float],
    target: Target,
    source: torch.Tensor | None,
    stored: torch.dtype,
) -> torch.Tensor:
    low, high, mean, deviation = of_matrix
    value = operation.value
    match operation.kind:
        case "set":
            return torch.full_like(block, value)
        case "max":
            return torch.full_like(block, high)
        case "min":
            return torch.full_like(block, low)
        case "mean":
            return torch.full_like(block, mean)
        case "scale":
            return block * value
        case "add":
            return block + value
        case "copy":
            assert source is not None
            return source
        case "from":
            assert source is not None
            return block + value * (source - block)
    return torch.from_numpy(plainly_edited(block.to(stored), operation, deviation, target.matrix.name)).to(block)


def plainly_edited(block: torch.Tensor, operation: Operation, deviation: float, name: str) -> np.ndarray:
    """What an edit leaves of a block [rows, columns], weight by weight, in numpy's float64."""
    weights = block.double().numpy()
    rows, columns = weights.shape
    count, value = weights.size, operation.value

    def raw(stream: int) -> list[int]:
        place = zlib.crc32(name.encode()) + 1
        return [
            int(each) for each in np.random.Philox(key=operation.seed, counter=[0, 0, stream, place]).random_raw(count)
        ]

    match operation.kind:
        case "noise" | "jitter":
            uniform = [[(each >> 11) / 2**53 + 2**-54 for each in raw(stream)] for stream in (1, 2)]
            drawn = [math.sqrt(-2 * math.log(a)) * math.cos(2 * math.pi * b) for a, b in zip(*uniform, strict=True)]
            noise = np.array(drawn).reshape(rows, columns) * value * deviation
            return noise if operation.kind == "noise" else weights + noise
        case "shuffle":
            numbers, flat = raw(0), weights.ravel()
            return np.array([flat[at] for at in sorted(range(count), key=lambda at: numbers[at])]).reshape(
                rows, columns
            )
        case "round":
            return _plainly_rounded(weights, int(value), operation.group)
        case "prune":
            found = weights.copy()
            if not operation.group:
                flat = found.ravel()
                for at in sorted(range(count), key=lambda at: abs(flat[at]))[: int(Decimal(repr(value)) * count)]:
                    flat[at] = 0
                return flat.reshape(rows, columns)
            for row in found:
                for first in range(0, columns, operation.group):
                    group = row[first : first + operation.group]
                    few = len(group) * int(value) // operation.group
                    for at in sorted(range(len(group)), key=lambda at: abs(group[at]))[:few]:
                        group[at] = 0
            return found
        case "rank" | "unrank":
            left, values, right = np.linalg.svd(weights, full_matrices=False)
            kept = int(Decimal(repr(value)) * len(values) / 100) if operation.is_share else int(value)
            low: np.ndarray = (left[:, :kept] * values[:kept]) @ right[:kept]
            return low if operation.kind == "rank" else weights - low
    stores = {torch.float32: ("<f", "<I"), torch.float16: ("<e", "<H")}[block.dtype]
    (number,) = struct.unpack(stores[1], struct.pack(stores[0], weights[0, 0]))
    (flipped,) = struct.unpack(stores[0], struct.pack(stores[1], number ^ (1 << int(value))))
    return np.array([[flipped]])


def _plainly_rounded(weights: np.ndarray, bits: int, group: int) -> np.ndarray:
    found = weights.copy()
    for row in found:
        for first in range(0, len(row), group):
            part = row[first : first + group]
            if bits == 1:
                part[:] = np.sign(part) * np.abs(part).mean()
                continue
            most = 2 ** (bits - 1) - 1
            scale = np.abs(part).max() / most
            for at, each in enumerate(part):
                part[at] = max(-most, min(most, round(float(each / scale)))) * scale if scale else 0.0
    return found


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


def _extremes(model: LoadedModel, genotype: Genotype) -> dict[str, tuple[float, float, float, float]]:
    """Of each matrix its least, largest and mean weight, and their deviation."""
    found = {}
    for mutation in genotype.mutations:
        for target in model.anatomy.targets(mutation.site):
            matrix = target.matrix
            weight, rows, columns = _place(model, Target(matrix, range(matrix.rows), range(matrix.columns)))
            whole = weight[rows][:, columns]
            exact = whole.double()
            deviation = float(exact.std(correction=0))
            found[matrix.name] = (float(whole.min()), float(whole.max()), float(exact.mean()), deviation)
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
