"""What a genotype changes, in plain words: "One weight of 134,515,008: 5.88 → 0"."""

import torch
from torch import Tensor

from explorer.domain.genotype import Genotype, Mutation, Operation, Site
from explorer.domain.site_notation import format_site
from explorer.domain.weights import SiteFacts
from explorer.model.anatomy import Target
from explorer.model.donors import open_donor
from explorer.model.loaded import LoadedModel
from explorer.model.lora import open_adapter
from explorer.model.weights import parameter_of, stored_tensor, upright, weight_of
from explorer.model.widened import stored_in
from explorer.mutation.apply import edited, edits_of, make_mutant, mutant_of
from explorer.mutation.replaced import replaced_tensors


def describe(model: LoadedModel, genotype: Genotype) -> str:
    """One sentence on what the genotype changes."""
    if not genotype:
        return "Nothing is changed: both texts come from the original model."
    total = f"{model.anatomy.parameter_count:,}"
    count = count_weights(model, genotype)
    if len(genotype.mutations) == 1:
        return f"{_amount(count)} of {total}: {_change(model, (), genotype.mutations[0])}"
    mutations = genotype.mutations
    changes = "; ".join(_change(model, mutations[:place], mutation) for place, mutation in enumerate(mutations))
    return f"{_amount(count)} of {total}, by {len(genotype.mutations)} mutations: {changes}"


def count_weights(model: LoadedModel, genotype: Genotype) -> int:
    """How many different weights the mutations touch, tied ones counted once."""
    by_tensor: dict[str, list[Target]] = {}
    for mutation in genotype.mutations:
        for edit in edits_of(model, mutation):
            by_tensor.setdefault(edit.target.matrix.uses[0].path, []).append(edit.target)
    return sum(_covered_of_tensor(model, targets) for targets in by_tensor.values())


def _covered_of_tensor(model: LoadedModel, targets: list[Target]) -> int:
    """How many weights of a tensor some targets cover, which may name it by role, as a whole, or in parts."""
    by_matrix: dict[object, list[Target]] = {}
    for target in targets:
        by_matrix.setdefault(target.matrix.uses, []).append(target)
    whole = model.anatomy.paths.get(targets[0].matrix.uses[0].path.removesuffix(".weight"))
    if len(by_matrix) == 1 or whole is None or whole.uses not in by_matrix:
        return sum(map(_covered, by_matrix.values()))
    touched = torch.zeros(parameter_of(model.causal_lm, whole).shape, dtype=torch.bool)
    for target in targets:
        features = target.matrix.uses[0].features(target.rows)
        upright(touched, target.matrix)[features, target.columns.start : target.columns.stop] = True
    return int(touched.sum())


def site_facts(model: LoadedModel, site: Site) -> SiteFacts:
    """The facts of a site that the model has."""
    targets = model.anatomy.targets(site)
    count = sum(target.size for target in targets)
    total = sum(float(target_weights(model, target).float().sum()) for target in targets)
    statistics = [model.statistics(target.matrix) for target in targets]
    return SiteFacts(
        weights=count,
        present=total / count,
        minimum=min(each.minimum for each in statistics),
        maximum=max(each.maximum for each in statistics),
        full_rank=model.anatomy.full_rank(site),
        layer_count=model.anatomy.layer_count,
        bits=8 * weight_of(model.causal_lm, targets[0].matrix).element_size(),
    )


def target_weights(model: LoadedModel, target: Target) -> Tensor:
    """The unmutated weights [rows, columns] of a target: a view of the model's own; do not write to it."""
    weight = weight_of(model.causal_lm, target.matrix)
    return weight[target.rows.start : target.rows.stop, target.columns.start : target.columns.stop]


def format_value(value: float) -> str:
    """A weight for people: three significant digits, a true minus sign."""
    return f"{value:.3g}".replace("-", "−").replace("e−0", "e−")


def _covered(targets: list[Target]) -> int:
    if len(targets) == 1:
        return targets[0].size
    mask = torch.zeros(targets[0].matrix.rows, targets[0].matrix.columns, dtype=torch.bool)
    for target in targets:
        mask[target.rows.start : target.rows.stop, target.columns.start : target.columns.stop] = True
    return int(mask.sum())


def _amount(count: int) -> str:
    return "One weight" if count == 1 else f"{count:,} weights"


def _change(model: LoadedModel, before: tuple[Mutation, ...], mutation: Mutation) -> str:
    """What a mutation does after those before it."""
    edits = edits_of(model, mutation)
    targets = tuple(edit.target for edit in edits)
    if sum(target.size for target in targets) == 1:
        old = _value_after(model, before, targets[0])
        new = edited(model, old, edits[0])
        return f"{format_site(mutation.site)} {format_value(float(old))} → {format_value(float(new))}"
    told = f"{format_site(mutation.site)} {_verb(model, mutation, targets)}"
    is_first = not before and mutation.operation.kind in _OF_THE_WEIGHTS
    return f"{told}, {_moved(model, mutation)}" if is_first else told


def _moved(model: LoadedModel, mutation: Mutation) -> str:
    """How far a mutation of the unmutated model moves the weights of its site, on average."""
    moved = size = 0.0
    slabs = {slab.matrix.uses: slab for slab in mutant_of(model, Genotype((mutation,))).slabs}
    for edit in edits_of(model, mutation):
        slab, target = slabs[edit.target.matrix.uses], edit.target
        rows = slice(target.rows.start - slab.first_row, target.rows.stop - slab.first_row)
        new, old = slab.weights[rows, target.columns.start : target.columns.stop], target_weights(model, target).float()
        moved += float((new.float() - old).abs().sum())
        size += float(old.abs().sum())
    return f"mean change {moved / size:.1%}" if size else "of zeros"


def _value_after(model: LoadedModel, mutations: tuple[Mutation, ...], single: Target) -> Tensor:
    """The weight [1, 1] of a target of one, after some mutations."""
    value = target_weights(model, single)
    path = single.matrix.uses[0].path
    for mutation in mutations:
        for edit in edits_of(model, mutation):
            target = edit.target
            is_same = target.matrix.uses == single.matrix.uses
            touches = is_same and single.rows.start in target.rows and single.columns.start in target.columns
            looks_around = touches and target.size > 1 and edit.operation.kind in _OF_THE_WEIGHTS
            if looks_around or (not is_same and target.matrix.uses[0].path == path):  # read it off the mutant
                return _read_off(model, mutations, single)
            if touches:
                value = edited(model, value, edit)
    return value


def _read_off(model: LoadedModel, mutations: tuple[Mutation, ...], single: Target) -> Tensor:
    tensors = replaced_tensors(model, make_mutant(model, Genotype(mutations)))
    path = single.matrix.uses[0].path
    tensor = stored_in(tensors[path]) if path in tensors else stored_tensor(model.causal_lm, single.matrix)
    features = single.matrix.uses[0].features(single.rows)
    return upright(tensor, single.matrix)[features, single.columns.start : single.columns.stop]


_OF_THE_WEIGHTS = ("noise", "jitter", "shuffle", "round", "prune", "rank", "unrank", "flip", "copy", "from", "adapter")
"""Operations whose outcome depends on the weights of the whole site, or on chance."""


def _donor_told(model: LoadedModel, operation: Operation, targets: tuple[Target, ...]) -> str:
    """Which model gives the weights of some targets, and how much of it is read."""
    donor = open_donor(operation.donor)
    size = sum(
        donor.bytes_of(model, matrix) for matrix in {target.matrix.name: target.matrix for target in targets}.values()
    )
    return f"that of {donor.name} ({donor.fingerprint[:8]}; {size / 1e6:.1f} MB read)"


def _edit_told(model: LoadedModel, operation: Operation, targets: tuple[Target, ...]) -> str:
    """Such an operation in words."""
    value = f"{operation.value:g}"
    match operation.kind:
        case "noise":
            return f"→ noise of {value} deviations"
        case "jitter":
            return f"with noise of {value} deviations added"
        case "shuffle":
            return "shuffled"
        case "round":
            bits = "one bit" if operation.value == 1 else f"{value} bits"
            return f"in {bits}, by groups of {operation.group} columns"
        case "prune" if operation.group:
            return f"with {value} of every {operation.group} columns pruned"
        case "prune":
            return f"with the smallest {100 * operation.value:g} % pruned"
        case "rank" | "unrank":
            many = "" if operation.value == 1 else "s"
            which = f"largest {value} % of components" if operation.is_share else f"{value} largest component{many}"
            return f"with its {which} {'alone' if operation.kind == 'rank' else 'taken away'}"
        case "flip":
            return f"with bit {value} turned"
        case "from" if operation.value == 1:
            return f"← {_donor_told(model, operation, targets)}"
        case "from":
            return f"{operation.value:.4g} of the way to {_donor_told(model, operation, targets)}"
        case "adapter":
            adapter = open_adapter(operation.donor)
            return f"+ {value} × the adapter {adapter.name} ({adapter.fingerprint[:8]})"
    assert operation.source is not None
    return f"← {format_site(operation.source)}"


def _verb(model: LoadedModel, mutation: Mutation, targets: tuple[Target, ...]) -> str:
    operation = mutation.operation
    match operation.kind:
        case "scale":
            return f"× {format_value(operation.value)}"
        case "add":
            return f"+ {format_value(operation.value)}"
        case "set":
            return f"→ {format_value(operation.value)}"
        case kind if kind in _OF_THE_WEIGHTS:
            return _edit_told(model, operation, targets)
    if operation.kind == "mean":
        whose = "each matrix’s mean" if len(targets) > 1 else "its mean"
        own = f", {format_value(model.statistics(targets[0].matrix).mean)}" if len(targets) == 1 else ""
        return f"→ {whose}{own}"
    whose = "its maximum" if operation.kind == "max" else "its minimum"
    if len(targets) > 1:
        return f"→ {whose.replace('its', 'each matrix’s')}"
    statistics = model.statistics(targets[0].matrix)
    value = statistics.maximum if operation.kind == "max" else statistics.minimum
    return f"→ {whose}, {format_value(value)}"
