"""Reads the anatomy of a model from its modules, as the description of its family says."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from explorer.model.anatomy import Anatomy, Layout, Matrix, Use, named
from explorer.model.families import Family, Mixture, Place, find_family


def read_anatomy(model: PreTrainedModel) -> Anatomy:
    """The anatomy of a causal language model; of an unknown family, its 2-D weights by module path."""
    config = model.config.get_text_config()
    family = _family_of(model)
    layers = len(model.get_submodule(f"{family.decoder}.{family.layers}")) if family else 0  # type: ignore[arg-type]
    query_heads = int(getattr(config, "num_attention_heads", 0) or 0)
    matrices = _family_matrices(model, family, layers) if family else _path_matrices(model)
    return Anatomy(
        model_type=config.model_type,
        family=family,
        layer_count=layers,
        hidden_size=int(getattr(config, "hidden_size", 0) or 0),
        query_heads=query_heads,
        kv_heads=int(getattr(config, "num_key_value_heads", None) or query_heads),
        parameter_count=sum(parameter.numel() for parameter in model.parameters()),
        largest_value=torch.finfo(model.dtype).max,
        matrices={matrix.name: matrix for matrix in matrices},
    )


def _family_of(model: PreTrainedModel) -> Family | None:
    """The family that describes a model, if its modules are where that family has them."""
    family = find_family(model.config.model_type)
    modules = {path for path, _ in model.named_modules()}
    return family if family and f"{family.decoder}.{family.layers}" in modules else None


def _family_matrices(model: PreTrainedModel, family: Family, layers: int) -> list[Matrix]:
    base = family.decoder
    matrices = [_embedding(model, family, "embed", f"{base}.{family.embed}")]
    if family.position:
        matrices.append(_matrix(model, "position", None, (Use(f"{base}.{family.position}", "embedding"),)))
    for layer in range(layers):
        matrices += _layer_matrices(model, family, layer)
    matrices.append(_matrix(model, "norm", None, (Use(f"{base}.{family.norm}", "vector"),)))
    matrices.append(_embedding(model, family, "head", family.head))
    return matrices


def _layer_matrices(model: PreTrainedModel, family: Family, layer: int) -> list[Matrix]:
    base = f"{family.decoder}.{family.layers}.{layer}"
    modules = model.get_submodule(base)
    held = {kind: place for kind, place in family.matrices.items() if _has(modules, place.module)}
    found = [_placed(model, kind, layer, base, place) for kind, place in held.items()]
    if family.mixture and _has(modules, f"{family.mixture.module}.{family.mixture.experts}"):
        found += _experts(model, layer, f"{base}.{family.mixture.module}", family.mixture)
    for kind, module in family.norms.items():
        found.append(_matrix(model, kind, layer, (Use(f"{base}.{module}", "vector"),)))
    return found


def _has(module: nn.Module, path: str) -> bool:
    """Whether there is a module at a dotted path."""
    for name in path.split("."):
        if name not in module._modules:
            return False
        module = module.get_submodule(name)
    return True


def _placed(model: PreTrainedModel, kind: str, layer: int, base: str, place: Place) -> Matrix:
    path = f"{base}.{place.module}"
    sizes = _fused_sizes(model, place)
    before = place.fused[: place.fused.index(kind)] if place.fused else ()
    if place.interleaved:
        head = _head_size(model)
        interleaved = (head, head * len(place.fused))
        use = Use(path, "linear", head * len(before), interleaved)
    else:
        use = Use(path, _layout(model.get_submodule(path)), sum(sizes[other] for other in before))
    return _matrix(model, kind, layer, (use,), rows=sizes.get(kind))


def _experts(model: PreTrainedModel, layer: int, path: str, mixture: Mixture) -> list[Matrix]:
    """The router, and gate, up and down of every expert."""
    router, gate_up, down = (
        f"{mixture.router}.weight",
        f"{mixture.experts}.gate_up_proj",
        f"{mixture.experts}.down_proj",
    )
    count, fused_rows, hidden = model.get_parameter(f"{path}.{gate_up}").shape
    rows, inner = fused_rows // 2, model.get_parameter(f"{path}.{down}").shape[2]
    found = [_expert_matrix("router", layer, count, hidden, Use(path, "mixture", parameter=router))]
    for expert in range(count):
        for kind, first, parameter, shape in (
            ("gate", 0, gate_up, (rows, hidden)),
            ("up", rows, gate_up, (rows, hidden)),
            ("down", 0, down, (hidden, inner)),
        ):
            use = Use(path, "mixture", first, parameter=parameter, expert=expert)
            found.append(_expert_matrix(f"expert{expert}.{kind}", layer, *shape, use))
    return found


def _expert_matrix(kind: str, layer: int, rows: int, columns: int, use: Use) -> Matrix:
    return Matrix(name=named(layer, kind), kind=kind, layer=layer, rows=rows, columns=columns, uses=(use,))


def _head_size(model: PreTrainedModel) -> int:
    config = model.config.get_text_config()
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _fused_sizes(model: PreTrainedModel, place: Place) -> dict[str, int]:
    """Rows of each kind that shares the module."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    head_size = _head_size(model)
    kv_rows = (getattr(config, "num_key_value_heads", None) or heads) * head_size
    mlp_rows = getattr(config, "intermediate_size", None)
    rows = {"q": heads * head_size, "k": kv_rows, "v": kv_rows, "gate": mlp_rows, "up": mlp_rows}
    return {kind: rows[kind] for kind in place.fused}


def _embedding(model: PreTrainedModel, family: Family, kind: str, path: str) -> Matrix:
    """The token embedding or the head; both uses of the tensor where the two are tied."""
    embed = Use(f"{family.decoder}.{family.embed}", "embedding")
    head = Use(family.head, "linear")
    tied = _weight(model, embed.module) is _weight(model, head.module)
    uses = (embed, head) if tied else tuple(use for use in (embed, head) if use.module == path)
    return _matrix(model, kind, None, uses)


def _matrix(
    model: PreTrainedModel, kind: str, layer: int | None, uses: tuple[Use, ...], rows: int | None = None
) -> Matrix:
    shape = tuple(_weight(model, uses[0].module).shape)
    if uses[0].layout == "conv1d":
        shape = shape[::-1]
    config = model.config.get_text_config()
    query_heads = int(getattr(config, "num_attention_heads", 0) or 0)
    kv_heads = int(getattr(config, "num_key_value_heads", None) or query_heads)
    heads = {"q": query_heads, "o": query_heads, "k": kv_heads, "v": kv_heads}
    return Matrix(
        name=named(layer, kind),
        kind=kind,
        layer=layer,
        rows=rows or shape[0],
        columns=shape[1] if len(shape) > 1 else 1,
        uses=uses,
        head_count=heads.get(kind),
        head_axis="columns" if kind == "o" else "rows",
    )


def _path_matrices(model: PreTrainedModel) -> list[Matrix]:
    """Every linear map and embedding of a model whose family is unknown, tied ones under their first name."""
    uses: dict[int, list[Use]] = {}
    for path, module in model.named_modules():
        if isinstance(module, nn.Linear | Conv1D | nn.Embedding):
            uses.setdefault(id(module.weight), []).append(Use(path, _layout(module)))
    return [_matrix(model, group[0].module, None, tuple(group)) for group in uses.values()]


def _layout(module: nn.Module) -> Layout:
    if isinstance(module, Conv1D):
        return "conv1d"
    return "embedding" if isinstance(module, nn.Embedding) else "linear"


def _weight(model: nn.Module, path: str) -> Tensor:
    weight = model.get_submodule(path).weight
    assert isinstance(weight, Tensor)
    return weight
