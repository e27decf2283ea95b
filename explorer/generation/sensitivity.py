"""Which sites matter: candidates from gradients and from activation spikes, each verified by a forward pass.

A gradient times (new value − old value) is a first-order estimate of what a change does to the baseline's
negative log-likelihood; it misses weights whose effect is far from linear, such as "super weights": single
entries of Down that feed a spike of one hidden feature. Those are looked for where they show, in the largest
outputs of every Down. Gradients are reduced to a few candidates matrix by matrix, and dropped.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from explorer.domain.effects import Finding
from explorer.domain.errors import ModelError
from explorer.domain.genotype import BLOCK_SIDE, Genotype, Mutation, Operation, SensitiveLevel, Site, Slice
from explorer.generation.baseline import Baseline
from explorer.generation.effects import Answered, added_nll
from explorer.generation.gradients import reduce_gradients, tokens_of
from explorer.generation.trial import verdict_of
from explorer.model.anatomy import Matrix, block_site
from explorer.model.loaded import LoadedModel
from explorer.model.pooling import sum_blocks
from explorer.model.view import View
from explorer.model.weights import weight_of
from explorer.mutation.apply import Mutant, edited, edits_of

SPIKES = 2
"""How many spikes are followed up in every Down."""


def find_sensitive(
    model: LoadedModel, baseline: Baseline, operation: Operation, level: SensitiveLevel, count: int
) -> tuple[Finding, ...]:
    """The `count` mutations, by `operation` at sites of `level`, that raise the baseline's NLL most, as verified."""
    estimates = dict(_by_gradient(model, baseline, operation, level, 2 * count))
    sites = [*estimates, *(site for site in _by_spike(model, baseline, level) if site not in estimates)]
    mutations = [Mutation(site, operation) for site in sites]
    losses = added_nll(model, baseline, [Genotype((mutation,)) for mutation in mutations])
    findings = [
        Finding(mutation=mutation, estimate=estimates.get(mutation.site), verified=loss)
        for mutation, loss in zip(mutations, losses, strict=True)
    ]
    return tuple(sorted(findings, key=lambda finding: -finding.verified)[:count])


# ------------------------------------------------------------------------------------------ candidates


Estimates = list[tuple[float, Mutation]]
"""First-order estimates of what mutations add to a mean NLL, in nats a token."""


def strongest_estimates(
    model: LoadedModel,
    texts: Sequence[Answered],
    operations: Sequence[Operation],
    levels: Sequence[SensitiveLevel],
    count: int,
    *,
    strength: Callable[[Tensor], Tensor] = torch.abs,
    side: int = BLOCK_SIDE,
    background: Mutant | None = None,
    is_wanted: Callable[[Matrix], bool] = lambda _: True,
) -> dict[tuple[Operation, SensitiveLevel], Estimates]:
    """Of each operation and level the `count` mutations with the largest `strength` of their estimate, by one pass.

    See `gradients.reduce_gradients` for texts and background.
    """
    best: dict[tuple[Operation, SensitiveLevel], Estimates] = {
        (operation, level): [] for operation in operations for level in levels
    }

    def order(estimate: tuple[float, Mutation]) -> float:
        return -float(strength(torch.tensor(estimate[0])))

    def reduce(matrix: Matrix, gradient: Tensor) -> None:
        if not is_wanted(matrix):
            return
        weights = weight_of(model.causal_lm, matrix).to(gradient.device)
        for operation in operations:
            changed = _changed(model, matrix, weights, operation)
            if changed is None:
                continue
            scores = gradient.float() * (changed.float() - weights.float())
            for level in levels:
                pooled = _pool(scores, level, side)
                top = strength(pooled).flatten().topk(min(count, pooled.numel())).indices.tolist()
                own = best[operation, level]
                own += [
                    (float(pooled.flatten()[i]), Mutation(_site(matrix, level, i, pooled.shape[1], side), operation))
                    for i in top
                ]
                own.sort(key=order)
                del own[count:]

    reduce_gradients(model, texts, reduce, background)
    return best


def _changed(model: LoadedModel, matrix: Matrix, weights: Tensor, operation: Operation) -> Tensor | None:
    """All of a matrix after an operation; None of one that has no estimate: a copy, which fits some sites alone, and a
    donor that lends this matrix nothing."""
    if operation.kind == "copy":
        return None
    try:
        (edit,) = edits_of(model, Mutation(_site_at(matrix, "matrix", 0, 0), operation))
        return edited(model, weights, edit)
    except ModelError:
        if operation.donor:
            return None
        raise


def _by_gradient(
    model: LoadedModel, baseline: Baseline, operation: Operation, level: SensitiveLevel, count: int
) -> Iterator[tuple[Site, float]]:
    """The sites of the largest first-order estimates, whatever their sign, over all layers' matrices."""
    (best,) = strongest_estimates(model, [baseline], [operation], [level], count).values()
    yield from ((mutation.site, estimate) for estimate, mutation in best)


def _by_spike(model: LoadedModel, baseline: Baseline, level: SensitiveLevel) -> list[Site]:
    """The sites that feed the largest outputs of every Down: entry [feature, its largest input]."""
    sites: list[Site] = []
    view = View(model.view.root)
    for matrix in model.anatomy.matrices.values():
        if matrix.kind == "down" and matrix.is_known_in_use and verdict_of(model).whole:
            view.after(matrix.uses[0].module, _spike_watcher(model, matrix, level, sites))
    view.begin(1)
    inputs: dict[str, Any] = {"input_ids": tokens_of(model, baseline)}
    with torch.inference_mode():
        view.root(**inputs, **({"use_cache": False} if model.accepts("use_cache") else {}))
    return sites


def _spike_watcher(
    model: LoadedModel, matrix: Matrix, level: SensitiveLevel, sites: list[Site]
) -> Callable[[Tensor, Tensor], Tensor]:
    def watch(x: Tensor, output: Tensor) -> Tensor:
        features = output[0].abs().amax(0).topk(SPIKES).indices
        for row in features.tolist():
            token = int(output[0, :, row].abs().argmax())
            column = int((x[0, token] * weight_of(model.causal_lm, matrix)[row].to(x.device)).abs().argmax())
            sites.append(_site_at(matrix, level, row, column))
        return output

    return watch


# ----------------------------------------------------------------------------------------------- sites


def _pool(scores: Tensor, level: SensitiveLevel, side: int) -> Tensor:
    """Sum scores [rows, columns] over each site of a level."""
    match level:
        case "weight":
            return scores
        case "row":
            return scores.sum(1, keepdim=True)
        case "column":
            return scores.sum(0, keepdim=True)
        case "block":
            return sum_blocks(scores, min(side, scores.shape[0]), min(side, scores.shape[1]))
        case "matrix":
            return scores.sum().reshape(1, 1)


def _site(matrix: Matrix, level: SensitiveLevel, index: int, columns: int, side: int) -> Site:
    """The site of a place in pooled scores."""
    row, column = divmod(index, columns)
    scale = side if level == "block" else 1
    return _site_at(matrix, level, row * scale, column * scale, side)


def _site_at(matrix: Matrix, level: SensitiveLevel, row: int, column: int, side: int = BLOCK_SIDE) -> Site:
    """The site of a level that holds a weight."""
    everything = Slice()
    match level:
        case "weight":
            rows, columns = Slice(row, row + 1), Slice(column, column + 1)
        case "row":
            rows, columns = Slice(row, row + 1), everything
        case "column":
            rows, columns = everything, Slice(column, column + 1)
        case "block":
            return block_site(matrix, row // side, column // side, side)
        case "matrix":
            rows = columns = everything
    return Site(part=matrix.kind, layer=matrix.layer, rows=rows, columns=columns)
