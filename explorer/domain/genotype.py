"""What is mutated, and how: sites, operations, mutations and genotypes, as frozen values.

Knows no model and no text notation: whether a site exists in a model is `model.anatomy`'s business, and how a value
is written is `notation`'s.
"""

import math
from dataclasses import dataclass
from typing import Literal

OperationKind = Literal[
    "set", "max", "min", "mean", "scale", "add",
    "noise", "jitter", "shuffle", "round", "prune", "rank", "unrank", "flip", "copy", "from", "adapter",
]  # fmt: skip
ROUND_GROUP = 32
"""Columns that are rounded with one scale, where nothing else is said."""
MOST_BITS = 8
"""That weights are rounded to."""
HIGHEST_BIT = 31
"""Of a weight of four bytes: what can be flipped, counted from the lowest, bit 0."""
SensitiveLevel = Literal["weight", "row", "column", "block", "matrix"]

ATTENTION_KINDS = ("q", "k", "v", "o")
MLP_KINDS = ("gate", "up", "down")
MATRIX_KINDS = ATTENTION_KINDS + MLP_KINDS
ALL_LAYERS = "layers"
"""The part of a site that is every layer of a model."""
LAYER_NORM_KINDS = ("attn_norm", "q_norm", "k_norm", "attn_post_norm", "mlp_norm", "mlp_post_norm")
LAYER_KINDS = (*MATRIX_KINDS, "router", *LAYER_NORM_KINDS)
NORM_KINDS = (*LAYER_NORM_KINDS, "norm")


def is_whole_expert(part: str) -> bool:
    """Whether a site's part, such as `expert5`, names all of an expert; `shared` is the one that every token visits."""
    return part == "shared" or (part.startswith("expert") and part.removeprefix("expert").isdigit())


def is_vector(part: str) -> bool:
    """Whether a site's part is known to have one index by what it is called: a norm, a bias."""
    return part in NORM_KINDS or part.endswith(".bias")


@dataclass(frozen=True, slots=True)
class Slice:
    """A half-open range of rows or columns, as in Python; `stop=None` runs to the end."""

    start: int = 0
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise ValueError(f"an empty or negative slice: {self.start}:{self.stop}")

    @property
    def is_all(self) -> bool:
        """Whether it names every index, whatever their number."""
        return self.start == 0 and self.stop is None

    @property
    def is_single(self) -> bool:
        """Whether it names one index."""
        return self.stop == self.start + 1


ALL = Slice()


def unit_span(place: int, size: int, length: int) -> Slice:
    """The indices of a unit: the `place`th of `size`, of so many in all; everything in its shortest form."""
    return ALL if size >= length else Slice(place * size, min((place + 1) * size, length))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The place of a mutation: a group of matrices, one matrix, or a part of one.

    `part` is a matrix kind (`q k v o gate up down`, `router`, `expert5.down`, `shared.down`, a norm, `q.bias`,
    `embed`, `head`, ...), a group (`layers` are all of them; `layer`, `attn`, `mlp`, `head`, `kvhead`, `expert5`,
    `shared`), or the path of a tensor, below its layer (`mixer.A_log`) or, without one, below the model. With a layer,
    `head` is an attention head; without one, it is the language-model head.
    """

    part: str
    layer: int | None = None
    head: int | None = None
    """Index of the attention head, if the site is one: a query head in q and o, a KV head in k and v."""
    rows: Slice = ALL
    """Output features (of a norm: its entries)."""
    columns: Slice = ALL
    """Input features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is done to the weights of a site; `mutation.operations` computes it.

    `set` puts `value` there, `max`, `min` and `mean` that of the weight's own matrix in the unmutated model, `scale`
    multiplies by `value`, `add` adds it. The others look at the site's own rectangle, after the operations before:
    `noise` puts Gaussian noise of so many deviations of the matrix there, `jitter` adds it; `shuffle` permutes;
    `round` leaves so many bits, by groups of `group` columns; `prune` sets that share of the smallest to 0, or, with a
    `group`, so many of every `group` columns; `rank` leaves so many components, `unrank` takes so many away, or that
    percentage of all if `is_share`; `flip` turns a bit of the stored number; `copy` takes the weights of `source` in
    the unmutated model; `from` mixes in that share of the same site of the model `donor`, and `adapter` adds the LoRA
    adapter `donor` so many times.
    """

    kind: OperationKind
    value: float = 0.0
    seed: int = 0
    """Of chance: of noise, jitter and shuffle."""
    group: int = 0
    is_share: bool = False
    source: Site | None = None
    donor: str = ""
    """A model or an adapter, as people name it: `demo`, a folder, a hub id."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"not a finite number: {self.value}")
        if self.value == 0:
            object.__setattr__(self, "value", 0.0)  # -0.0 and 0.0 are one value with one text form
        if self.kind == "round" and not self.group:
            object.__setattr__(self, "group", ROUND_GROUP)


MAXIMUM = Operation(kind="max")
MINIMUM = Operation(kind="min")
MEAN = Operation(kind="mean")
ZERO = Operation(kind="set", value=0.0)
NAMED_OPERATIONS = {"zero": ZERO, "max": MAXIMUM, "min": MINIMUM}
"""The operations that need no number, by the names that the page and the command line have for them."""

BLOCK_SIDE = 64
"""Rows and columns of a block, where none is asked for."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One operation at one site."""

    site: Site
    operation: Operation


@dataclass(frozen=True, slots=True)
class Genotype:
    """Mutations applied in order; none of them is the original model."""

    mutations: tuple[Mutation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.mutations)
