"""The nouns of the project, as frozen values: what is mutated, how, and how text is generated.

Knows no torch, no model and no text notation: whether a site exists in a model is `model.anatomy`'s
business, and how a value is written is `notation`'s.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.errors import DecodingError, PromptError
from explorer.evaluation import Task

OperationKind = Literal["set", "max", "min", "scale", "add"]
SensitiveLevel = Literal["weight", "row", "column", "block"]

ATTENTION_KINDS = ("q", "k", "v", "o")
MLP_KINDS = ("gate", "up", "down")
MATRIX_KINDS = ATTENTION_KINDS + MLP_KINDS
LAYER_NORM_KINDS = ("attn_norm", "q_norm", "k_norm", "attn_post_norm", "mlp_norm", "mlp_post_norm")
LAYER_KINDS = (*MATRIX_KINDS, "router", *LAYER_NORM_KINDS)
NORM_KINDS = (*LAYER_NORM_KINDS, "norm")


def is_whole_expert(part: str) -> bool:
    """Whether a site's part, such as `expert5`, names all of an expert."""
    return part.startswith("expert") and part.removeprefix("expert").isdigit()


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

    `part` is a matrix kind (`q k v o gate up down`, `router`, `expert5.down`, a norm, `embed`, `head`, ...), a
    group (`layer`, `attn`, `mlp`, `head`, `kvhead`, `expert5`), or, in a model of an unknown family, a module's
    path. With a layer, `head` is an attention head; without one, it is the language-model head.
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
    """What is done to every weight of a site.

    `set` puts `value` there, `max` and `min` the extreme of the weight's own matrix in the unmutated
    model, `scale` multiplies by `value`, `add` adds it.
    """

    kind: OperationKind
    value: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"not a finite number: {self.value}")
        if self.value == 0:
            object.__setattr__(self, "value", 0.0)  # -0.0 and 0.0 are one value with one text form


MAXIMUM = Operation(kind="max")
MINIMUM = Operation(kind="min")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given to answer."""

    text: str
    chat: bool = True
    """Wrapped in the model's chat template; else the text alone."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise PromptError("The prompt is empty: type something for the model to answer.")


MAX_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How tokens are chosen. Temperature 0 is greedy."""

    max_new_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    """Only the likeliest tokens that together hold this probability can be sampled."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise DecodingError(f"Maximum new tokens must be 1 or more, not {self.max_new_tokens}.")
        if not (math.isfinite(self.temperature) and 0 <= self.temperature <= 100):  # noqa: PLR2004
            raise DecodingError(f"Temperature must lie between 0 (greedy) and 100, not {self.temperature}.")
        if not 0 < self.top_p <= 1:
            raise DecodingError(f"Top-p must be above 0 and at most 1, not {self.top_p}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise DecodingError(f"The seed must lie between 0 and {MAX_SEED}, not {self.seed}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a genotype does to the model's predictions over the baseline's tokens."""

    first_divergence: int | None
    """The first position, from 0, at which the mutant would choose otherwise; None: nowhere."""
    mean_kl: float | None
    """KL(original ‖ mutant), in nats; None: its forward pass overflows."""
    added_nll: float
    """What it adds to the baseline's negative log-likelihood, in nats a token; infinite if it overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epistasis:
    """Mutations one by one and all together."""

    mutations: tuple[Mutation, ...]
    singles: tuple[Effect, ...]
    joint: Effect

    @property
    def sum(self) -> float:
        """Of the single effects on the NLL: what the joint one would be if they did not interact."""
        return sum(effect.added_nll for effect in self.singles)

    @property
    def interaction(self) -> float:
        """How much more the joint effect is than the sum, in nats a token; NaN where both are infinite."""
        return self.joint.added_nll - self.sum


MOST_PAIRED = 24
"""A matrix of pairs of more mutations would have 300 genotypes and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMatrix:
    """The interaction of every pair of some mutations."""

    mutations: tuple[Mutation, ...]
    singles: tuple[Effect, ...]
    pairs: Mapping[tuple[int, int], Effect]
    """Of the mutations at two places, the earlier first."""

    def interaction(self, first: int, second: int) -> float:
        """How much more a pair adds to the NLL than its two mutations, in nats a token."""
        pair = self.pairs[min(first, second), max(first, second)]
        return pair.added_nll - self.singles[first].added_nll - self.singles[second].added_nll


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Propagation:
    """How a mutation spreads through the layers, over prompt and baseline."""

    tokens: tuple[str, ...]
    """As shown to a person."""
    prompt_length: int
    """How many of the tokens are the prompt's."""
    changes: npt.NDArray[np.float32]
    """[layers + 1, tokens]: |mutant − original| / |original| of the hidden state before each layer and after the
    last; NaN where the mutant overflows."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that a model might choose, with its probability at temperature 1."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LensReading:
    """What both models would say next if they were read out after some layers (logit lens)."""

    layers: int
    """How many layers have been applied; 0: the embedding is read."""
    original: tuple[Alternative, ...]
    """The likeliest tokens; none where the forward pass has overflowed."""
    mutated: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """The readings after one token, from the embedding to the last layer."""

    token: str
    position: int
    """Among the tokens of prompt and answer, from 0."""
    readings: tuple[LensReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """What setting a site to one value does to the model's predictions over the baseline's tokens."""

    value: float
    first_divergence: int | None
    """The first position, from 0, at which the mutant would choose otherwise; None: nowhere."""
    mean_kl: float | None
    """KL(original ‖ mutant), in nats; None: its forward pass overflows."""


def steepest_step(doses: Sequence[Dose]) -> tuple[Dose, Dose]:
    """The neighbours, by value, between which the mean KL changes fastest; an overflow is further than any number."""
    return max(pairwise(doses), key=_slope)


def _slope(pair: tuple[Dose, Dose]) -> float:
    left, right = pair
    return abs(_height(right) - _height(left)) / (right.value - left.value)


def _height(dose: Dose) -> float:
    return 1e9 if dose.mean_kl is None else dose.mean_kl


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A mutation and what it adds to the baseline's negative log-likelihood, in nats a token."""

    mutation: Mutation
    estimate: float | None
    """First-order; None where it comes from a spike alone."""
    verified: float
    """By a forward pass; infinite if it overflows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A rectangle of a matrix reduced to cells: what a map draws."""

    values: npt.NDArray[np.float32]
    """[cells down, cells across]."""
    rows: range
    """Of the matrix, those shown."""
    columns: range
    cell_rows: int = 1
    """Matrix rows a cell; the last cells may hold fewer."""
    cell_columns: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overview:
    """One number for each matrix of each layer."""

    kinds: tuple[str, ...]
    values: npt.NDArray[np.float32]
    """[kinds, layers], NaN where a layer has no such matrix."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SensitivityMap:
    """First-order estimates of what an operation on a block adds to the baseline's NLL, in nats a token."""

    side: int
    """Rows and columns of a block."""
    estimates: Mapping[tuple[str, str], npt.NDArray[np.float32]]
    """By matrix and operation (`zero`, `max`, `min`): [blocks down, blocks across]."""

    def strongest(self, operation: str, like: str = "") -> str:
        """The matrix that holds the block of largest estimate; of a layer's experts, if `like` is such as `3.down`."""
        layer, _, kind = like.partition(".")
        sizes = {name: float(np.abs(grid).max()) for (name, done), grid in self.estimates.items() if done == operation}
        alike = [name for name in sizes if name.startswith(f"{layer}.expert") and name.endswith(f".{kind}")]
        return max(alike or sizes, key=lambda name: sizes[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How first-order estimates compare with verified forward passes on a random sample."""

    estimated: tuple[float, ...]
    """Nats a token."""
    verified: tuple[float, ...]
    rank_correlation: float
    """Spearman's; NaN where it is not defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A prompt with its decoding, under a name."""

    name: str
    title: str
    prompt: Prompt
    decoding: Decoding = field(default_factory=Decoding)
    purpose: str = ""
    task: Task | None = None
    """Questions that are asked instead of the prompt, which then only stands for them."""


DESTROYED = ("loop", "gibberish")
"""Styles of a text that a destroyed model writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phenotype:
    """One answer of a mutant, however many mutants give it."""

    text: str
    tokens: tuple[int, ...]
    """The token that ended it included."""
    ending: str
    """Why it ended, as `generation.transcript.End` names it."""
    cosine: float | None
    """Of its words' counts and the baseline's, 0 to 1; None of the answers to a task, as the two that follow."""
    repetition: float
    """Share of its runs of three tokens that have occurred in it before, 0 to 1."""
    perplexity: float | None
    """Under the unmutated model, after the prompt; None of an empty answer."""
    style: str | None
    """As `generation.style` names it."""
    score: str | None = None
    """Of a task: right answers of the questions that the original gets right, and of the others, such as `14|2`."""
    names_nothing: bool = False
    """Of a task: no answer is one of the choices."""

    @property
    def is_destructive(self) -> bool:
        """Whether the model is destroyed: it overflows, goes round in a loop, writes what nobody can read, or names
        no choice of any question."""
        return self.ending == "overflow" or self.style in DESTROYED or self.names_nothing
