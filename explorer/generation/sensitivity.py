"""Which sites matter: candidates from gradients and from activation spikes, each verified by a forward pass.

A gradient times (new value − old value) is a first-order estimate of what a change does to the baseline's
negative log-likelihood; it misses weights whose effect is far from linear, such as "super weights": single
entries of Down that feed a spike of one hidden feature. Those are looked for where they show, in the largest
outputs of every Down. Gradients are reduced to a few candidates matrix by matrix, and dropped.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from explorer.domain import Finding, Genotype, Mutation, Operation, SensitiveLevel, Site, Slice
from explorer.generation.baseline import Baseline
from explorer.generation.draft import check_many
from explorer.model.anatomy import Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.model.weights import weight_of
from explorer.mutation.apply import make_mutant
from explorer.mutation.operations import operate

BLOCK = 64
"""Side of the blocks that are considered."""

SPIKES = 2
"""How many spikes are followed up in every Down."""

_BATCH = 8


def find_sensitive(
    model: LoadedModel, baseline: Baseline, operation: Operation, level: SensitiveLevel, count: int
) -> tuple[Finding, ...]:
    """The `count` mutations, by `operation` at sites of `level`, that raise the baseline's NLL most, as verified."""
    estimates = dict(_by_gradient(model, baseline, operation, level, 2 * count))
    sites = [*estimates, *(site for site in _by_spike(model, baseline, level) if site not in estimates)]
    mutations = [Mutation(site, operation) for site in sites]
    losses = _verified(model, baseline, mutations)
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
        weights = weight_of(model.causal_lm, matrix)
        change = operate(weights, operation, model.statistics(matrix)) - weights
        pooled = _pool((gradient * change).float(), level)
        top = pooled.abs().flatten().topk(min(count, pooled.numel())).indices
        best.extend((float(pooled.flatten()[i]), _site(matrix, level, int(i), pooled.shape[1])) for i in top)
        best.sort(key=lambda item: -abs(item[0]))
        del best[count:]

    with _reducing_gradients(model, reduce):
        _loss(model, baseline).backward()
    yield from ((site, estimate) for estimate, site in best)


def _by_spike(model: LoadedModel, baseline: Baseline, level: SensitiveLevel) -> list[Site]:
    """The sites that feed the largest outputs of every Down: entry [feature, its largest input]."""
    sites: list[Site] = []
    view = View(model.view.root)
    for matrix in model.anatomy.matrices.values():
        if matrix.kind == "down":
            view.after(matrix.uses[0].module, _spike_watcher(model, matrix, level, sites))
    with torch.inference_mode():
        view.root(input_ids=_tokens(model, baseline), use_cache=False, logits_to_keep=1)
    return sites


def _spike_watcher(
    model: LoadedModel, matrix: Matrix, level: SensitiveLevel, sites: list[Site]
) -> Callable[[Tensor, Tensor], Tensor]:
    def watch(x: Tensor, output: Tensor) -> Tensor:
        features = output[0].abs().amax(0).topk(SPIKES).indices
        for row in features.tolist():
            token = int(output[0, :, row].abs().argmax())
            column = int((x[0, token] * weight_of(model.causal_lm, matrix)[row]).abs().argmax())
            sites.append(_site_at(matrix, level, row, column))
        return output

    return watch


@contextmanager
def _reducing_gradients(model: LoadedModel, reduce: Callable[[Matrix, Tensor], None]) -> Iterator[None]:
    """Hand every matrix's gradient [rows, columns] to `reduce` as soon as it is there, and drop it."""
    layered = [matrix for matrix in model.anatomy.matrices.values() if matrix.layer is not None and matrix.columns > 1]
    by_module: dict[str, list[Matrix]] = {}
    for matrix in layered:
        by_module.setdefault(matrix.uses[0].module, []).append(matrix)
    weights = {module: model.causal_lm.get_parameter(f"{module}.weight") for module in by_module}
    wanted = {id(weight) for weight in weights.values()}
    before = [(parameter, parameter.requires_grad) for parameter in model.causal_lm.parameters()]
    for parameter, _ in before:
        parameter.requires_grad_(id(parameter) in wanted)

    def hook(module: str) -> Callable[[Tensor], None]:
        def reduce_all(parameter: Tensor) -> None:
            gradient, parameter.grad = parameter.grad, None
            assert gradient is not None
            for matrix in by_module[module]:
                use = matrix.uses[0]
                oriented = gradient.t() if use.layout == "conv1d" else gradient
                reduce(matrix, oriented[use.first_row : use.first_row + matrix.rows])

        return reduce_all

    handles = [weight.register_post_accumulate_grad_hook(hook(module)) for module, weight in weights.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for parameter, needed_grad in before:
            parameter.requires_grad_(needed_grad)


# ---------------------------------------------------------------------------------------- verification


def _verified(model: LoadedModel, baseline: Baseline, mutations: list[Mutation]) -> list[float]:
    """What each mutation adds to the baseline's mean NLL."""
    own = _nll(baseline.logits, baseline)
    losses = []
    for start in range(0, len(mutations), _BATCH):
        mutants = [make_mutant(model, Genotype((mutation,))) for mutation in mutations[start : start + _BATCH]]
        for logits in check_many(model, baseline, mutants):
            loss = float(_nll(logits, baseline) - own)
            losses.append(math.inf if math.isnan(loss) else loss)
    return losses


def _loss(model: LoadedModel, baseline: Baseline) -> Tensor:
    with torch.enable_grad():
        output = model.causal_lm(
            input_ids=_tokens(model, baseline), use_cache=False, logits_to_keep=len(baseline.tokens)
        )
        return _nll(output.logits[0].float(), baseline)


def _nll(logits: Tensor, baseline: Baseline) -> Tensor:
    """Mean negative log-likelihood of the baseline's answer under logits [answer tokens, vocabulary]."""
    tokens = torch.tensor(baseline.tokens, device=logits.device)
    return torch.nn.functional.cross_entropy(logits, tokens)


def _tokens(model: LoadedModel, baseline: Baseline) -> Tensor:
    return torch.tensor([[*baseline.prompt_tokens, *baseline.tokens[:-1]]], device=model.device)


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
            rows, columns = (-(-length // BLOCK) for length in scores.shape)
            padded = scores.new_zeros(rows * BLOCK, columns * BLOCK)
            padded[: scores.shape[0], : scores.shape[1]] = scores
            return padded.view(rows, BLOCK, columns, BLOCK).sum((1, 3))


def _site(matrix: Matrix, level: SensitiveLevel, index: int, columns: int) -> Site:
    """The site of a place in pooled scores."""
    row, column = divmod(index, columns)
    scale = BLOCK if level == "block" else 1
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
            rows, columns = _block(row, matrix.rows), _block(column, matrix.columns)
    return Site(part=matrix.kind, layer=matrix.layer, rows=rows, columns=columns)


def _block(index: int, length: int) -> Slice:
    start = index // BLOCK * BLOCK
    return Slice(start, min(start + BLOCK, length))
