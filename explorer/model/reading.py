"""Reads the anatomy of a model from its modules: layers and kinds by what they are called and by their shapes.

Every tensor gets a name. What is recognised (`recognising`) goes by its role, such as `5.q`, everything else by its own
path, below its layer (`5.mixer.A_log`) or below the model; by its path it can be reached in any case.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from transformers import PreTrainedModel

from explorer.domain.genotype import LAYER_NORM_KINDS, MATRIX_KINDS
from explorer.domain.site_notation import is_own_name
from explorer.model import names
from explorer.model.anatomy import Anatomy, Matrix, Trunk, Use, named
from explorer.model.recognising import Found, Held, recognise, setting, whole
from explorer.model.widened import stored_dtype


def read_anatomy(model: PreTrainedModel) -> Anatomy:
    """The anatomy of a causal language model: every parameter of it."""
    config = model.config.get_text_config()
    bases = _layers(model)
    held = list(_held(model, bases))
    inside = [
        item
        for layer in range(len(bases))
        for item in _named_in_layer(model, layer, [one for one in held if one.layer == layer])
    ]
    outside = [(None, each) for each in _named_outside(model, bases, [one for one in held if one.layer is None])]
    heads = int(setting(config, "num_attention_heads", "n_head") or 0)
    matrices = _joined([*outside, *inside])
    return Anatomy(
        model_type=config.model_type,
        trunk=_trunk(model, bases, {name: matrix.uses[0].module for name, matrix in matrices.items()}),
        layer_count=len(bases),
        hidden_size=int(setting(config, "hidden_size") or 0),
        query_heads=heads,
        kv_heads=int(setting(config, "num_key_value_heads", "num_kv_heads") or heads),
        parameter_count=sum(parameter.numel() for parameter in model.parameters()),
        largest_value=torch.finfo(stored_dtype(model)).max,
        matrices=matrices,
        paths=_by_path(held, matrices),
    )


# ---------------------------------------------------------------------------------------- the layers


def _layers(model: PreTrainedModel) -> list[tuple[str, ...]]:
    """Of each layer the paths of its modules: one, or one in each of several lists that run side by side."""
    lists = {
        path: module
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) and not _is_inside_a_list(path)
    }
    if not lists:
        return []
    count = setting(model.config.get_text_config(), "num_hidden_layers", "n_layer")

    def rank(path: str) -> tuple[bool, bool, bool, int]:
        sense = not any(other in path for other in names.OTHER_SENSES)
        is_named = path.rpartition(".")[2] in names.LAYERS
        size = sum(parameter.numel() for parameter in lists[path].parameters())
        return sense, is_named, len(lists[path]) == count, size

    best = max(lists, key=rank)
    parent, length = best.rpartition(".")[0], len(lists[best])
    beside = [path for path, module in lists.items() if path.rpartition(".")[0] == parent and len(module) == length]
    return [tuple(f"{path}.{layer}" for path in beside) for layer in range(length)]


def _is_inside_a_list(path: str) -> bool:
    return any(part.isdigit() for part in path.split("."))


def _held(model: PreTrainedModel, bases: Sequence[tuple[str, ...]]) -> Iterator[Held]:
    """Every parameter at every place that holds it."""
    owners = {path: layer for layer, paths in enumerate(bases) for path in paths}
    is_single = all(len(paths) == 1 for paths in bases)
    for path, module in model.named_modules(remove_duplicate=False):
        base = next((above for above in _ancestors(path) if above in owners), None)
        own = "" if base is None else path.removeprefix(base).lstrip(".")
        if base is not None and not is_single:
            own = ".".join(part for part in (base.split(".")[-2], own) if part)
        for name, parameter in module._parameters.items():
            if parameter is not None:
                layer = None if base is None else owners[base]
                yield Held(module=module, module_path=path, name=name, tensor=parameter, layer=layer, own_path=own)


def _ancestors(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _trunk(model: PreTrainedModel, bases: Sequence[tuple[str, ...]], modules: dict[str, str]) -> Trunk | None:
    """The way of the hidden states, where it is a row of layers."""
    if not bases or any(len(paths) > 1 for paths in bases):
        return None
    embedding = model.get_input_embeddings()
    before = [path for path, module in model.named_modules() if module is embedding]
    parent = model.get_submodule(bases[0][0].rpartition(".")[0].rpartition(".")[0])
    beside = [name for name in names.FINAL_NORM if name in parent._modules]  # a norm may have no weights
    base = bases[0][0].rpartition(".")[0].rpartition(".")[0]
    norm = modules.get("norm") or (f"{base}.{beside[0]}".lstrip(".") if beside else None)
    return Trunk(
        layers=tuple(path for (path,) in bases),
        norm=norm,
        embed=before[0] if before else "",
        position=modules.get("position"),
    )


# --------------------------------------------------------------------------------------- their names


def _named_in_layer(model: PreTrainedModel, layer: int, held: Sequence[Held]) -> list[tuple[int | None, Found]]:
    """What a layer holds, in the order of the page: matrices, experts, norms, what has its own name, biases.

    Without a layer comes what can only go by its whole path.
    """
    found = recognise(model, held)
    known = {id(each.held) for each in found}
    taken = {each.kind for each in found}
    others: list[tuple[int | None, Found]] = []
    for each in held:
        name = each.own_name
        if id(each) in known:
            continue
        if is_own_name(name) and name not in taken:
            found.append(whole(name, each))
            taken.add(name)
        else:
            others.append((None, whole(each.path, each)))
    return [*((layer, each) for each in sorted(found, key=lambda each: _rank(each.kind))), *others]


def _rank(kind: str) -> tuple[int, int]:
    base = kind.removesuffix(".bias")
    last = base.rpartition(".")[2]
    if base in MATRIX_KINDS:
        place = (0, MATRIX_KINDS.index(base))
    elif base == "router":
        place = (1, 0)
    elif base.startswith("shared."):
        place = (2, MATRIX_KINDS.index(last) if last in MATRIX_KINDS else 0)
    elif base.startswith("expert") and last in MATRIX_KINDS:
        number = base.partition(".")[0].removeprefix("expert")
        place = (3, int(number) if number.isdigit() else 0)
    elif base in LAYER_NORM_KINDS:
        place = (4, LAYER_NORM_KINDS.index(base))
    else:
        place = (5, 0)
    return (place[0] + 10, place[1]) if kind != base else place


def _named_outside(model: PreTrainedModel, bases: Sequence[tuple[str, ...]], held: Sequence[Held]) -> list[Found]:
    """Embedding, positions, final norm and head by their roles, all else by path."""
    parent = bases[0][0].rpartition(".")[0].rpartition(".")[0] if bases else ""
    roles: dict[int, str] = {}
    for module, kind in ((model.get_output_embeddings(), "head"), (model.get_input_embeddings(), "embed")):
        if module is not None:
            roles[id(module)] = kind
    for kind, known in (("norm", names.FINAL_NORM), ("position", names.POSITION)):
        beside = [
            each
            for each in held
            if each.name == "weight"
            and each.module_path.rpartition(".")[0] in (parent, parent.rpartition(".")[0])
            and each.module_path.rpartition(".")[2] in known
            and each.layout == ("vector" if kind == "norm" else "embedding")
            and id(each.module) not in roles
        ]
        beside.sort(key=lambda each: known.index(each.module_path.rpartition(".")[2]))
        if beside:
            roles[id(beside[0].module)] = kind
    found = []
    for each in held:
        role = roles.get(id(each.module))
        if role is not None and each.name in ("weight", "bias"):
            found.append(whole(role if each.name == "weight" else f"{role}.bias", each))
        else:
            found.append(whole(each.path, each))
    return sorted(found, key=lambda each: _OUTSIDE.index(each.kind) if each.kind in _OUTSIDE else 2)


_OUTSIDE = ("embed", "position")


def _joined(found: Sequence[tuple[int | None, Found]]) -> dict[str, Matrix]:
    """Matrices by name, in the order of the model; those that are one tensor share their uses."""
    uses: dict[tuple[object, ...], list[Use]] = {}
    for _, each in found:
        uses.setdefault(_same(each), [])
        if each.use not in uses[_same(each)]:
            uses[_same(each)].append(each.use)
    first = [item for item in found if item[0] is None and item[1].kind in _OUTSIDE]
    last = [item for item in found if item[0] is None and item[1].kind not in _OUTSIDE]
    inside = [item for item in found if item[0] is not None]
    matrices: dict[str, Matrix] = {}
    for layer, each in (*first, *inside, *_final(last)):
        name = named(layer, each.kind)
        if name not in matrices:
            matrices[name] = Matrix(
                name=name,
                kind=each.kind,
                layer=layer,
                rows=each.rows,
                columns=each.columns,
                uses=tuple(uses[_same(each)]),
                head_count=each.head_count,
                head_axis=each.head_axis,
                headless=each.note,
            )
    return matrices


def _final(last: Sequence[tuple[int | None, Found]]) -> list[tuple[int | None, Found]]:
    """Norm and head, and then what goes by its path, tied tensors under their first name."""
    order = ("norm", "head", "norm.bias", "head.bias")
    ranked = sorted(last, key=lambda item: order.index(item[1].kind) if item[1].kind in order else len(order))
    seen: set[tuple[object, ...]] = set()
    kept = []
    for item in ranked:
        if item[1].kind in order or _same(item[1]) not in seen:
            kept.append(item)
        seen.add(_same(item[1]))
    return kept


def _same(found: Found) -> tuple[object, ...]:
    """What two names of the same weights have in common."""
    use = found.use
    return id(found.held.tensor), use.first_row, use.interleaved, use.expert, found.rows


def _by_path(held: Sequence[Held], matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    """Each tensor as one matrix, by each of its paths; the very one that has a name, where it has one."""
    known = {use: matrix for matrix in matrices.values() for use in matrix.uses}
    tied: dict[int, list[Use]] = {}
    for each in held:
        tied.setdefault(id(each.tensor), []).append(each.use())
    found: dict[str, Matrix] = {}
    for each in held:
        rows, columns = each.shape
        own = known.get(each.use())
        uses = tuple(tied[id(each.tensor)])
        found[each.path] = (
            own
            if own is not None and own.size == each.tensor.numel()
            else Matrix(name=each.path, kind=each.path, layer=None, rows=rows, columns=columns, uses=uses)
        )
    return found
