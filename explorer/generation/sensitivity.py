"""Which sites matter: candidates from gradients and from activation spikes, each verified by a forward pass.

A gradient times (new value − old value) is a first-order estimate of what a change does to the baseline's
negative log-likelihood; it misses weights whose effect is far from linear, such as "super weights": single
entries of Down that feed a spike of one hidden feature. Those are looked for where they show, in the largest
outputs of every Down. Gradients are reduced to a few candidates matrix by matrix, and dropped.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from explorer.domain.effects import Finding
from explorer.domain.genotype import BLOCK_SIDE, Genotype, Mutation, Operation, SensitiveLevel, Site, Slice
from explorer.generation.baseline import Baseline
from explorer.generation.effects import added_nll
from explorer.generation.gradients import reduce_gradients, tokens_of
from explorer.generation.trial import verdict_of
from explorer.model.anatomy import Matrix, block_site
from explorer.model.loaded import LoadedModel
from explorer.model.pooling import sum_blocks
from explorer.model.view import View
from explorer.model.weights import weight_of
from explorer.mutation.operations import operate

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


def _by_gradient(
    model: LoadedModel, baseline: Baseline, operation: Operation, level: SensitiveLevel, count: int
) -> Iterator[tuple[Site, float]]:
    """The sites of the largest first-order estimates, whatever their sign, over all layers' matrices."""
    best: list[tuple[float, Site]] = []

    def reduce(matrix: Matrix, gradient: Tensor) -> None:
        weights = weight_of(model.causal_lm, matrix).to(gradient.device)
        change = operate(weights, operation, model.statistics(matrix)).float() - weights.float()
        pooled = _pool(gradient.float() * change, level)
        top = pooled.abs().flatten().topk(min(count, pooled.numel())).indices
        best.extend((float(pooled.flatten()[i]), _site(matrix, level, int(i), pooled.shape[1])) for i in top)
        best.sort(key=lambda item: -abs(item[0]))
        del best[count:]

    reduce_gradients(model, baseline, reduce)
    yield from ((site, estimate) for estimate, site in best)


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


def _pool(scores: Tensor, level: SensitiveLevel) -> Tensor:
    """Sum scores [rows, columns] over each site of a level."""
    match level:
        case "weight":
            return scores
        case "row":
            return scores.sum(1, keepdim=True)
        case "column":
            return scores.sum(0, keepdim=True)
        case "block":
            return sum_blocks(scores, BLOCK_SIDE, BLOCK_SIDE)


def _site(matrix: Matrix, level: SensitiveLevel, index: int, columns: int) -> Site:
    """The site of a place in pooled scores."""
    row, column = divmod(index, columns)
    scale = BLOCK_SIDE if level == "block" else 1
    return _site_at(matrix, level, row * scale, column * scale)


def _site_at(matrix: Matrix, level: SensitiveLevel, row: int, column: int) -> Site:
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
            return block_site(matrix, row // BLOCK_SIDE, column // BLOCK_SIDE)
    return Site(part=matrix.kind, layer=matrix.layer, rows=rows, columns=columns)
