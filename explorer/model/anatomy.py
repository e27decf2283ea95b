"""Which module and rows is `7.q.head3`: the matrices of one model, their shapes and their names.

Reads a model's modules once and is plain data afterwards. Knows where weights are, not what they are
worth (`weights`) and not how they are changed (`mutation`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from explorer.domain import (
    ATTENTION_KINDS,
    MATRIX_KINDS,
    MLP_KINDS,
    Genotype,
    Mutation,
    Overview,
    Site,
    Slice,
    is_whole_expert,
)
from explorer.model.families import Family, Mixture, Place, find_family
from explorer.notation import SitePart, check_mutations, parse_mutations

Layout = Literal["linear", "conv1d", "embedding", "vector", "mixture"]
HeadAxis = Literal["rows", "columns"]


@dataclass(frozen=True, slots=True)
class Use:
    """A module that computes with a matrix."""

    module: str
    """Dotted path below the model."""
    layout: Layout
    """How the module holds it: `conv1d` transposed, `mixture` as one of its experts or as its router."""
    first_row: int = 0
    """Where the matrix begins among the rows of a fused module."""
    interleaved: tuple[int, int] | None = None
    """Where a fused module keeps its kinds head by head: the rows of a head of one kind, and of all kinds."""
    parameter: str = "weight"
    """Dotted path of the tensor below the module."""
    expert: int | None = None
    """Which of the tensor's matrices it is, where the tensor holds those of all experts."""

    def features(self, rows: range) -> slice | list[int]:
        """The module's rows that hold rows of the matrix (`step` 1)."""
        if self.interleaved is None:
            return slice(self.first_row + rows.start, self.first_row + rows.stop)
        head, stride = self.interleaved
        return [row // head * stride + self.first_row + row % head for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One matrix, or one vector of a norm, seen as `weight[row, column]` = [output, input] feature."""

    name: str
    """Its notation, such as `14.down`."""
    kind: str
    layer: int | None
    rows: int
    columns: int
    uses: tuple[Use, ...]
    """The modules that use the one tensor: two for tied embeddings."""
    head_count: int | None = None
    head_axis: HeadAxis = "rows"

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class Target:
    """The rectangle of a matrix that a site covers; both ranges are complete (`step` 1)."""

    matrix: Matrix
    rows: range
    columns: range

    @property
    def size(self) -> int:
        """Number of weights."""
        return len(self.rows) * len(self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """The matrices of a model and the sites that they make up."""

    model_type: str
    family: Family | None
    """None where the architecture is unknown: matrices are then named by module path."""
    layer_count: int
    hidden_size: int
    query_heads: int
    kv_heads: int
    parameter_count: int
    largest_value: float
    """The largest number that the weights' precision can hold."""
    matrices: Mapping[str, Matrix]
    """By name, in the order in which the model applies them."""

    def read(self, text: str) -> Genotype:
        """The genotype of a text, all of whose sites this model has.

        Raises NotationError, with a caret under the fault and the valid range.
        """
        parsed = parse_mutations(text)
        check_mutations(parsed, text, self.objection)
        return Genotype(tuple(item.mutation for item in parsed))

    def kinds(self, layer: int | None) -> tuple[str, ...]:
        """The kinds of matrix, norms included, that a layer has."""
        return tuple(matrix.kind for matrix in self.matrices.values() if matrix.layer == layer)

    def experts(self, layer: int) -> int:
        """How many experts a layer routes its tokens to; 0 if its MLP is one."""
        return sum(kind.startswith("expert") and kind.endswith(".down") for kind in self.kinds(layer))

    def overview(self, value: Callable[[Matrix], float]) -> Overview:
        """A number for each matrix of each layer, norms left out; the largest of a layer's experts."""
        matrices = [matrix for matrix in self.matrices.values() if matrix.layer is not None and matrix.columns > 1]
        kinds = tuple(dict.fromkeys(kind_of(matrix.kind) for matrix in matrices))
        values = np.full((len(kinds), self.layer_count), np.nan, dtype=np.float32)
        for matrix in matrices:
            place = (kinds.index(kind_of(matrix.kind)), matrix.layer)
            values[place] = np.fmax(values[place], value(matrix))
        return Overview(kinds=kinds, values=values)

    def targets(self, site: Site) -> tuple[Target, ...]:
        """The rectangles that a site of this model covers."""
        match site.part:
            case "layer":
                return self._whole(site.layer, MATRIX_KINDS)
            case "attn":
                return self._whole(site.layer, ATTENTION_KINDS)
            case "mlp":
                return self._whole(site.layer, MLP_KINDS)
            case part if is_whole_expert(part):
                return self._whole(site.layer, MLP_KINDS, f"{part}.")
            case "head" if site.layer is not None:
                return self._heads(site, ("q", "o"))
            case "kvhead":
                return self._heads(site, ("k", "v"))
        if site.head is not None:
            return self._heads(site, (site.part,))
        matrix = self.matrices[_matrix_name(site)]
        rows, columns = _range(site.rows, matrix.rows), _range(site.columns, matrix.columns)
        return (Target(matrix, rows, columns),)

    def objection(self, mutation: Mutation) -> tuple[SitePart, str] | None:
        """What keeps a mutation from being one of this model: the faulty part and a sentence; else None."""
        if (objection := self.site_objection(mutation.site)) is not None:
            return objection
        if abs(mutation.operation.value) > self.largest_value:
            return "operation", f"The weights' precision holds numbers up to ±{self.largest_value:.4g} alone."
        return None

    def site_objection(self, site: Site) -> tuple[SitePart, str] | None:
        """What keeps a site from being one of this model."""
        return self._layer_objection(site) or self._part_objection(site) or self._index_objection(site)

    def _whole(self, layer: int | None, kinds: tuple[str, ...], prefix: str = "") -> tuple[Target, ...]:
        """All of a layer's matrices of some kinds, those of all its experts included; or of one expert's."""
        matrices = (self.matrices[f"{layer}.{kind}"] for kind in self.kinds(layer) if kind_of(kind) in kinds)
        return tuple(
            Target(matrix, range(matrix.rows), range(matrix.columns))
            for matrix in matrices
            if matrix.kind.startswith(prefix)
        )

    def _heads(self, site: Site, kinds: tuple[str, ...]) -> tuple[Target, ...]:
        assert site.head is not None
        return tuple(_head_target(self.matrices[f"{site.layer}.{kind}"], site.head) for kind in kinds)

    def _layer_objection(self, site: Site) -> tuple[SitePart, str] | None:
        if site.layer is None or site.layer < self.layer_count:
            return None
        if self.layer_count == 0:
            return (
                "layer",
                f"This model's family ({self.model_type}) is unknown: name a module, {self._example}.",
            )
        return "layer", f"The model has {self.layer_count} layers, 0 to {self.layer_count - 1}."

    def _part_objection(self, site: Site) -> tuple[SitePart, str] | None:
        if site.layer is not None and site.part in ("layer", "attn", "mlp"):
            return None
        kinds = _kinds_of(site)
        if any(_named(site.layer, kind) not in self.matrices for kind in kinds):
            return "part", self._missing(site)
        return self._head_objection(site, kinds[0])

    def _head_objection(self, site: Site, kind: str) -> tuple[SitePart, str] | None:
        if site.head is None:
            return None
        count = self.matrices[f"{site.layer}.{kind}"].head_count or 0
        if site.head < count:
            return None
        name = "KV heads" if kind in ("k", "v") else "query heads"
        return "head", f"The model has {count} {name} a layer, 0 to {count - 1}."

    def _index_objection(self, site: Site) -> tuple[SitePart, str] | None:
        if site.rows.is_all and site.columns.is_all:
            return None
        matrix = self.matrices[_matrix_name(site)]
        name = "entries" if matrix.uses[0].layout == "vector" else "rows"
        if _outside(site.rows, matrix.rows):
            return "rows", f"{matrix.name} has {matrix.rows} {name}, 0 to {matrix.rows - 1}."
        if _outside(site.columns, matrix.columns):
            return "columns", f"{matrix.name} has {matrix.columns} columns, 0 to {matrix.columns - 1}."
        return None

    def _missing(self, site: Site) -> str:
        if self.family is None:
            return f"The model has no module '{site.part}' with a matrix. Name one, {self._example}."
        if site.layer is None:
            names = " ".join(name for name, matrix in self.matrices.items() if matrix.layer is None)
            return f"'{site.part}' is no site of this model. Start with a layer, such as 5.down, or name: {names}."
        kinds = [kind for kind in self.kinds(site.layer) if not kind.startswith("expert")]
        count = self.experts(site.layer)
        experts = f" expert0 to expert{count - 1} (each gate up down)" if count else ""
        return f"Layer {site.layer} has no '{site.part}'. It has: {' '.join(kinds)}{experts}."

    @property
    def _example(self) -> str:
        return f"such as {next(iter(self.matrices), 'none here')}"


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
    return Matrix(name=_named(layer, kind), kind=kind, layer=layer, rows=rows, columns=columns, uses=(use,))


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
        name=_named(layer, kind),
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


def _named(layer: int | None, kind: str) -> str:
    return kind if layer is None else f"{layer}.{kind}"


def _matrix_name(site: Site) -> str:
    return _named(site.layer, site.part)


def kind_of(kind: str) -> str:
    """The kind of matrix, whichever expert's it is: `down` of `expert5.down`."""
    return kind.rpartition(".")[2]


def _kinds_of(site: Site) -> tuple[str, ...]:
    if site.layer is not None and site.part == "head":
        return ("q", "o")
    if is_whole_expert(site.part):
        return tuple(f"{site.part}.{kind}" for kind in MLP_KINDS)
    return ("k", "v") if site.part == "kvhead" else (site.part,)


def _head_target(matrix: Matrix, head: int) -> Target:
    assert matrix.head_count
    length = matrix.rows if matrix.head_axis == "rows" else matrix.columns
    size = length // matrix.head_count
    span = range(head * size, (head + 1) * size)
    if matrix.head_axis == "rows":
        return Target(matrix, span, range(matrix.columns))
    return Target(matrix, range(matrix.rows), span)


def _range(indices: Slice, length: int) -> range:
    return range(indices.start, length if indices.stop is None else indices.stop)


def _outside(indices: Slice, length: int) -> bool:
    return indices.start >= length or (indices.stop or 0) > length
