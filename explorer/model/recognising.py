"""Which role each tensor of a layer plays: attention, MLP, experts, norms; by name, and by whether the shapes fit.

Takes what a layer holds, gives what it was recognised as; what it does not know is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from explorer.model import names
from explorer.model.anatomy import HeadAxis, Layout, Use

FUSED_KINDS = ("q", "k", "v")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A parameter at one of the places that hold it."""

    module: nn.Module
    module_path: str
    """Below the model."""
    name: str
    """Of the parameter, below its module."""
    tensor: Tensor
    layer: int | None = None
    own_path: str = ""
    """The module's, below its layer."""

    @property
    def path(self) -> str:
        """Of the parameter below the model; a weight goes by its module."""
        return _joined(self.module_path, "" if self.name == "weight" else self.name)

    @property
    def own_name(self) -> str:
        """As `path`, below its layer."""
        return _joined(self.own_path, "" if self.name == "weight" else self.name)

    @property
    def layout(self) -> Layout:
        """How its module computes with it, as far as that is known."""
        if self.tensor.ndim == 1:
            is_plain = self.name in ("weight", "bias") and not any(True for _ in self.module.children())
            return "vector" if is_plain else "raw"
        if self.name == "weight" and self.tensor.ndim == 2:  # noqa: PLR2004
            if isinstance(self.module, Conv1D):
                return "conv1d"
            if isinstance(self.module, nn.Embedding):
                return "embedding"
            if isinstance(self.module, nn.Linear):
                return "linear"
        return "raw"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, output features down."""
        shape = tuple(self.tensor.shape)
        if len(shape) < 2:  # noqa: PLR2004
            return (*shape, 1, 1)[0], 1
        if self.layout == "conv1d":
            return shape[1], shape[0]
        if isinstance(self.module, nn.modules.conv._ConvNd):
            return shape[0], self.tensor.numel() // shape[0]
        return self.tensor.numel() // shape[-1], shape[-1]

    def use(self) -> Use:
        """All of it."""
        return Use(self.module_path, self.layout, parameter=self.name, layer=self.layer)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A tensor, or a part of one, under the name that it goes by."""

    kind: str
    held: Held
    use: Use
    rows: int
    columns: int
    head_count: int | None = None
    head_axis: HeadAxis = "rows"
    note: str = ""
    """Why there are no heads, where one would expect them."""


def whole(kind: str, held: Held) -> Found:
    """A tensor that goes by one name."""
    return Found(kind=kind, held=held, use=held.use(), rows=held.shape[0], columns=held.shape[1])


def setting(config: object, *wanted: str) -> Any:
    """The first of some settings that there is; None: no such one, or one for each layer."""
    for name in wanted:
        try:
            value = getattr(config, name, None)
        except Exception:  # noqa: BLE001  # configurations refuse to tell what differs from layer to layer
            continue
        if value is not None:
            return value
    return None


def recognise(model: PreTrainedModel, layer: Sequence[Held]) -> list[Found]:
    """What a layer holds, by role. Biases go with their matrices."""
    matrices = [held for held in layer if held.tensor.ndim > 1]
    hidden = _number(model.config.get_text_config(), "hidden_size")
    found = [*_attention(model, matrices), *_mlps(matrices, hidden)]
    found += _router(matrices, found)
    found = _spanned([*found, *_norms(layer)], layer)
    return _unique([*found, *_biases(layer, found)])


# ----------------------------------------------------------------------------------------- attention


def _attention(model: PreTrainedModel, matrices: Iterable[Held]) -> list[Found]:
    own = _of_attention([held for held in matrices if held.name == "weight"])
    found: list[Found] = []
    for kind, known in (("q", names.QUERY), ("k", names.KEY), ("v", names.VALUE), ("o", names.OUT)):
        found += [whole(kind, held) for held in _called(own, known)[:1]]
    fused = _called(own, names.FUSED)
    if fused and not {"q", "k", "v"} & {each.kind for each in found}:
        found += _split(model, fused[0])
    return _with_heads(model, found)


def _of_attention(weights: Sequence[Held]) -> list[Held]:
    """Those in modules that are called so, and in modules that hold a query, a key and a value."""
    leaves: dict[str, set[str]] = {}
    for held in weights:
        leaves.setdefault(held.own_name.rpartition(".")[0], set()).add(_leaf(held))
    wanted = (names.QUERY, names.KEY, names.VALUE)
    complete = {place for place, own in leaves.items() if all(own & set(known) for known in wanted)}
    return [
        held
        for held in weights
        if not set(_parents(held)) & set(names.NOT_ATTENTION)
        and (set(_parents(held)) & set(names.ATTENTION) or held.own_name.rpartition(".")[0] in complete)
    ]


def _called(held: Iterable[Held], known: Sequence[str]) -> list[Held]:
    """Those that go by one of some names, the earlier names first."""
    ranked = [(known.index(_leaf(each)), each) for each in held if _leaf(each) in known]
    return [each for _, each in sorted(ranked, key=lambda item: item[0])]


def _split(model: PreTrainedModel, fused: Held) -> list[Found]:
    """q, k and v of a module that holds all three; nothing if its rows are not what the configuration says."""
    config = model.config.get_text_config()
    heads, kv_heads, size = _head_numbers(model, fused)
    rows, columns = fused.shape
    if not heads or not kv_heads:
        return []
    if config.model_type in names.FUSED_IN_PARTS:
        count, order = names.FUSED_IN_PARTS[config.model_type]
        part = rows // (3 * count)
        places = {kind: (order.index(kind) * part, part, 3 * part, part * count) for kind in FUSED_KINDS}
        return [_part(kind, fused, *places[kind], columns) for kind in FUSED_KINDS]
    if rows == 3 * heads * size:
        kv_heads = heads
    if rows != (heads + 2 * kv_heads) * size:
        return []
    only = names.FUSED_BY_HEAD.get(_leaf(fused))
    if only is not None and (not only or config.model_type in only):
        group = heads // kv_heads * size
        stride = group + 2 * size
        lengths = {"q": (0, group), "k": (group, size), "v": (group + size, size)}
        return [
            _part(kind, fused, first, length, stride, length * kv_heads, columns)
            for kind, (first, length) in lengths.items()
        ]
    starts = {"q": (0, heads), "k": (heads, kv_heads), "v": (heads + kv_heads, kv_heads)}
    return [
        Found(
            kind=kind,
            held=fused,
            use=replace(fused.use(), first_row=first * size, row_count=count * size),
            rows=count * size,
            columns=columns,
        )
        for kind, (first, count) in starts.items()
    ]


def _part(kind: str, fused: Held, first: int, length: int, stride: int, rows: int, columns: int) -> Found:
    use = replace(fused.use(), first_row=first, interleaved=(length, stride), row_count=rows)
    return Found(kind=kind, held=fused, use=use, rows=rows, columns=columns)


def _head_numbers(model: PreTrainedModel, held: Held) -> tuple[int, int, int]:
    """Query heads, KV heads and rows of a head, as the attention itself says, or the configuration; 0: unknown."""
    config = model.config.get_text_config()
    parent = model.get_submodule(held.module_path.rpartition(".")[0])
    linear = _number(parent, "num_k_heads"), _number(parent, "num_v_heads")
    if linear[0] and linear[1]:  # linear attention: the keys' heads are the queries'
        return (linear[0], linear[0], 0) if linear[0] == linear[1] else (0, 0, 0)
    heads = _number(parent, "num_heads", "num_attention_heads", "n_heads", "n_head") or _number(
        config, "num_attention_heads", "n_head"
    )
    kv_heads = _number(parent, "num_key_value_heads", "num_kv_heads") or _number(
        config, "num_key_value_heads", "num_kv_heads"
    )
    groups = _number(parent, "num_key_value_groups")
    if groups and heads and not _number(parent, "num_key_value_heads", "num_kv_heads"):
        kv_heads = heads // groups
    if config.model_type == "gpt_bigcode" and setting(config, "multi_query"):
        kv_heads = 1
    size = _number(parent, "head_dim", "head_size") or _number(config, "head_dim")
    if not size and heads:
        size = (_number(config, "hidden_size") or 0) // heads
    return heads or 0, kv_heads or heads or 0, size or 0


def _number(told: object, *wanted: str) -> int | None:
    value = setting(told, *wanted)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _with_heads(model: PreTrainedModel, found: list[Found]) -> list[Found]:
    """With the number of heads wherever a matrix divides into them."""
    if not found:
        return found
    mixed = names.MIXED_HEADS.get(model.config.get_text_config().model_type)
    if mixed is not None:
        return [replace(each, note=mixed) for each in found]
    heads, kv_heads, size = _head_numbers(model, found[0].held)
    rows = {each.kind: each.rows for each in found}
    if size and "k" in rows and rows["k"] % size == 0 and rows["k"] // size != kv_heads:
        kv_heads = rows["k"] // size
    if not heads or not kv_heads or heads % kv_heads or "q" not in rows or rows["q"] % heads or "o" not in rows:
        why = "this layer's attention has no matrix of queries by themselves" if "q" not in rows else _NOT_APART
        return [replace(each, note=why) for each in found]
    counts = {"q": heads, "o": heads, "k": kv_heads, "v": kv_heads}
    sizes = {each.kind: each.columns if each.kind == "o" else each.rows for each in found}
    return [
        replace(each, head_count=counts[each.kind], head_axis="columns" if each.kind == "o" else "rows")
        if sizes[each.kind] % counts[each.kind] == 0
        else replace(each, note=_NOT_APART)
        for each in found
    ]


def _spanned(found: list[Found], layer: Iterable[Held]) -> list[Found]:
    """Without heads where a norm of queries, of keys or of what enters o is computed over all of them together."""
    sizes = {each.kind: each.rows for each in found}
    out = next((each for each in found if each.kind == "o"), None)
    if out is not None and (out.head_count or 0) > 1:
        place = out.held.own_path.rpartition(".")[0]
        known = {id(each.held) for each in found}
        before = [
            held
            for held in layer
            if held.layout == "vector" and held.name == "weight" and id(held) not in known
            and held.own_path.rpartition(".")[0] == place and "norm" in held.own_path and held.shape[0] == out.columns
        ]  # fmt: skip
        if before:
            note = f"{before[0].own_path} is computed over all heads together"
            found = [replace(each, head_count=None, note=note) if each.kind in "qkvo" else each for each in found]
    return [
        replace(each, head_count=None, note=f"its {each.kind}_norm is computed over all heads together")
        if each.kind in ("q", "k") and (each.head_count or 0) > 1 and sizes.get(f"{each.kind}_norm") == each.rows
        else each
        for each in found
    ]


_NOT_APART = "its rows are not those of the heads that the configuration names"


# ---------------------------------------------------------------------------------------------- MLPs


def _mlps(matrices: Sequence[Held], hidden: int | None) -> list[Found]:
    """Gate, up and down of every MLP: the layer's own, each expert's, the shared one's."""
    found: list[Found] = []
    for container in dict.fromkeys(_container(held) for held in matrices):
        own = [held for held in matrices if _container(held) == container]
        if not set(container.split(".")) & set(names.ATTENTION):
            found += _mlp(container, own, hidden)
    return found


def _mlp(container: str, own: Sequence[Held], hidden: int | None) -> list[Found]:
    down = next(iter(_mlp_called(own, names.DOWN)), None)
    if down is None:
        return []
    fused = [held for held in _mlp_called(own, names.GATE_UP) if held is not down]
    ups = [held for held in _mlp_called(own, names.UP) if held is not down]
    gates = [held for held in _mlp_called(own, names.GATE) if held is not down]
    if down.tensor.ndim == 3:  # noqa: PLR2004
        return _experts(down, fused, gates, ups, hidden)
    prefix = _prefix(container)
    width = down.shape[1]
    for held in fused:
        if held.shape[0] == 2 * width:
            use = replace(held.use(), row_count=width)
            gate = Found(kind=f"{prefix}gate", held=held, use=use, rows=width, columns=held.shape[1])
            return [
                gate,
                replace(gate, kind=f"{prefix}up", use=replace(use, first_row=width)),
                whole(f"{prefix}down", down),
            ]
    up = next((held for held in ups if held.shape[0] == width), None)
    if up is None:
        return []
    gate_held = next((held for held in gates if held is not up and held.shape == up.shape), None)
    found = [whole(f"{prefix}up", up), whole(f"{prefix}down", down)]
    return found if gate_held is None else [whole(f"{prefix}gate", gate_held), *found]


def _experts(
    down: Held, fused: Sequence[Held], gates: Sequence[Held], ups: Sequence[Held], hidden: int | None
) -> list[Found]:
    """Those of tensors that hold all experts' matrices, one after the other."""
    count, first, second = down.tensor.shape
    is_turned = bool(getattr(down.module, "is_transposed", first != hidden and second == hidden))
    outer, inner = (second, first) if is_turned else (first, second)
    layout: Layout = "turned" if is_turned else "raw"
    solid = [held for held in (*fused, *gates, *ups) if held.tensor.ndim == 3 and held.tensor.shape[0] == count]  # noqa: PLR2004
    gate_up = next((held for held in solid if held in fused and _across(held, is_turned) == (2 * inner, outer)), None)
    parts: list[tuple[str, Held, int, tuple[int, int] | None]] = []
    if gate_up is not None:
        in_turn = getattr(down.module, "is_concatenated", True)
        pair = None if in_turn else (1, 2)
        parts += [("gate", gate_up, 0, pair), ("up", gate_up, inner if in_turn else 1, pair)]
    else:
        fitting = [held for held in solid if _across(held, is_turned) == (inner, outer)]
        up = next((held for held in ups if held in fitting), None)
        gate = next((held for held in gates if held in fitting and held is not up), None)
        parts += [(kind, held, 0, None) for kind, held in (("gate", gate), ("up", up)) if held is not None]
    block, _, name = down.module_path.rpartition(".")
    is_usual = gate_up is not None and not is_turned and (name, gate_up.name, down.name) == _USUAL
    found = []
    for number in range(count):
        for kind, held, start, pair in (*parts, ("down", down, 0, None)):
            rows, columns = (outer, inner) if kind == "down" else (inner, outer)
            use = replace(held.use(), layout=layout, first_row=start, interleaved=pair, expert=number, row_count=rows)
            if is_usual:
                use = replace(use, module=block, layout="mixture", parameter=f"{name}.{held.name}")
            found.append(Found(kind=f"expert{number}.{kind}", held=held, use=use, rows=rows, columns=columns))
    return found


_USUAL = ("experts", "gate_up_proj", "down_proj")
"""The names of most types: the module of the experts, and its tensors."""


def _across(held: Held, is_turned: bool) -> tuple[int, int]:
    """Rows and columns of one expert's matrix."""
    _, first, second = held.tensor.shape
    return (second, first) if is_turned else (first, second)


def _mlp_called(own: Iterable[Held], known: Sequence[str]) -> list[Held]:
    ranked = [(known.index(name), held) for held in own for name in [_mlp_leaf(held)] if name in known]
    return [held for _, held in sorted(ranked, key=lambda item: item[0])]


_TWO_WORDS = ("intermediate.dense", "output.dense", "dense.dense")
"""Names of a matrix that is alone in a module whose name tells what it does."""


def _mlp_leaf(held: Held) -> str:
    return next((words for words in _TWO_WORDS if f".{held.own_name}".endswith(f".{words}")), _leaf(held))


def _container(held: Held) -> str:
    """The path of what an MLP's matrices are in together."""
    leaf = _mlp_leaf(held)
    return held.own_name.removesuffix(leaf).rstrip(".")


def _prefix(container: str) -> str:
    parts = container.split(".")
    if "experts" in parts[:-1] and parts[parts.index("experts") + 1].isdigit():
        number = parts[parts.index("experts") + 1]
        return f"expert{number}."
    return "shared." if set(parts) & set(names.SHARED) else ""


def _router(matrices: Iterable[Held], found: Sequence[Found]) -> list[Found]:
    """The matrix that chooses among a layer's experts."""
    experts = {each.kind.partition(".")[0]: each for each in found if each.kind.startswith("expert")}
    if not experts:
        return []
    known = {id(each.held) for each in found}
    for held in matrices:
        is_called_so = bool(set(held.own_name.split(".")) & set(names.ROUTER))
        if is_called_so and id(held) not in known and held.tensor.ndim == 2 and held.shape[0] == len(experts):  # noqa: PLR2004
            use = held.use()
            sample = next(iter(experts.values())).use
            block, _, inner = held.module_path.rpartition(".")
            if sample.layout == "mixture" and (block, inner) == (sample.module, "gate"):
                use = replace(use, module=block, layout="mixture", parameter=f"gate.{held.name}")
            return [Found(kind="router", held=held, use=use, rows=held.shape[0], columns=held.shape[1])]
    return []


# --------------------------------------------------------------------------------------------- norms


def _norms(layer: Iterable[Held]) -> list[Found]:
    vectors = [held for held in layer if held.layout == "vector" and held.name == "weight"]
    found = []
    for held in vectors:
        kind = _norm_kind(f".{held.own_path}", [f".{other.own_path}" for other in vectors])
        if kind is not None:
            found.append(whole(kind, held))
    return found


def _norm_kind(path: str, others: Sequence[str]) -> str | None:
    if path.endswith(f".{names.AFTER_ATTENTION}"):
        has = {
            kind: any(other.endswith(f".{end}") for other in others for end in ends)
            for kind, ends in names.NORMS.items()
        }
        is_after = has["mlp_norm"] or not has["attn_norm"]
        return "attn_post_norm" if is_after else "mlp_norm"
    ranked = [(len(end), kind) for kind, ends in names.NORMS.items() for end in ends if path.endswith(f".{end}")]
    return max(ranked)[1] if ranked else None


# -------------------------------------------------------------------------------------------- common


def _biases(layer: Iterable[Held], found: Sequence[Found]) -> Iterator[Found]:
    by_module = {held.module_path: held for held in layer if held.name == "bias" and held.tensor.ndim == 1}
    for each in found:
        bias = by_module.get(each.held.module_path)
        if bias is None or each.held.name != "weight" or each.use.expert is not None:
            continue
        if bias.tensor.shape[0] != each.held.shape[0]:
            continue
        own = each.use
        use = replace(bias.use(), first_row=own.first_row, interleaved=own.interleaved, row_count=own.row_count)
        yield Found(kind=f"{each.kind}.bias", held=bias, use=use, rows=each.rows, columns=1)


def _unique(found: Sequence[Found]) -> list[Found]:
    """Of several that would go by one name, the first."""
    by_kind: dict[str, Found] = {}
    for each in found:
        by_kind.setdefault(each.kind, each)
    return list(by_kind.values())


def _leaf(held: Held) -> str:
    """The last word that says something."""
    return held.own_name.removesuffix(".linear").rpartition(".")[2]


def _parents(held: Held) -> list[str]:
    return held.own_name.split(".")[:-1]


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)
