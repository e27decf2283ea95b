"""What is asked of directed evolution: targets, the space that is searched, prompts and limits. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from explorer.domain.decoding import Decoding
from explorer.domain.errors import EvolutionError
from explorer.domain.screened import Unit, read_operations

Reads = Literal["texts", "passages", "questions", "genotype"]
"""What a target looks at: generated answers, given texts (teacher-forced), questions, or the genotype itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetKind:
    """A sort of target: what its number is, and which way is better."""

    says: str
    reads: Reads
    is_more: bool
    """Whether more is better; of a kind with a way, of its first one."""
    asks: str = ""
    """What follows the colon, in words; empty: nothing does."""
    ways: tuple[str, ...] = ()
    """What may follow the colon, where it is a way to go: the better end of the number."""
    unit: str = ""
    is_share: bool = False


LINE_BREAK = "⏎"
"""How a line break is written where a target or a prompt has a line to itself."""

KINDS: dict[str, TargetKind] = {
    "style": TargetKind(
        says="Share of the answers written in a style, such as poem or dialogue: more is better.",
        reads="texts", is_more=True, asks="a style", is_share=True,
    ),
    "says": TargetKind(
        says="Share of the answers in which a word or a regular expression is found: more is better.",
        reads="texts", is_more=True, asks="a word or a regular expression", is_share=True,
    ),
    "readable": TargetKind(
        says="Share of the answers that are neither empty, nor a loop, nor gibberish: more is better.",
        reads="texts", is_more=True, is_share=True,
    ),
    "same": TargetKind(
        says="Share of the answers that are the original's, word for word: more is better.",
        reads="texts",
        is_more=True,
        is_share=True,
    ),
    "cosine": TargetKind(
        says="Cosine of the word counts of answer and original's answer, 0 to 1: near is more, far is less.",
        reads="texts", is_more=True, ways=("near", "far"),
    ),
    "odd": TargetKind(
        says="How far the words are from the original's, 0 to 1, of answers that can be read, else 0: more is better.",
        reads="texts", is_more=True,
    ),
    "own": TargetKind(
        says="A function of your own, from the answers to a number, by entry point: more is better.",
        reads="texts", is_more=True, asks="the name of an entry point",
    ),
    "likely": TargetKind(
        says="Log-likelihood of a given continuation after each prompt, in nats a token: more is better.",
        reads="passages", is_more=True, asks="a continuation", unit="nats a token",
    ),
    "original": TargetKind(
        says="Log-likelihood of the original's own answer, in nats a token: near is more (a rescue), far is less.",
        reads="passages", is_more=True, ways=("near", "far"), unit="nats a token",
    ),
    "kl": TargetKind(
        says="KL from the original over its own answer, in nats a token: near is less, far is more.",
        reads="passages", is_more=False, ways=("near", "far"), unit="nats a token",
    ),
    "damage": TargetKind(
        says="What is added to the negative log-likelihood of a fixed paragraph, in nats a token: less is better.",
        reads="passages", is_more=False, unit="nats a token",
    ),
    "right": TargetKind(
        says="Share of the questions answered right: more is better.",
        reads="questions", is_more=True, is_share=True,
    ),
    "sure": TargetKind(
        says="Probability of the right one among a question's choices, on average: more is better.",
        reads="questions", is_more=True,
    ),
    "mutations": TargetKind(
        says="Number of mutations: less is better.", reads="genotype", is_more=False,
    ),
    "size": TargetKind(
        says="Decimal logarithm of the number of weights that are mutated: less is better.",
        reads="genotype", is_more=False,
    ),
}  # fmt: skip
"""By the names that targets are written with."""


@dataclass(frozen=True, slots=True)
class Target:
    """One number of a genotype that is to grow or to shrink: `style:poem`, `likely:Tokyo`, `kl:far`, `damage`.

    Raises EvolutionError for one that is none.
    """

    kind: str
    text: str = ""

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise EvolutionError(f"There is no target '{self.kind[:40]}': choose among {', '.join(KINDS)}.")
        if kind.ways and self.text not in kind.ways:
            raise EvolutionError(f"The target '{self.kind}' goes one way: {' or '.join(self.ways_told)}.")
        if kind.asks and not self.text.strip():
            raise EvolutionError(f"The target '{self.kind}' needs {kind.asks} after a colon, as in {self.kind}:poem.")
        if not (kind.asks or kind.ways) and self.text:
            raise EvolutionError(f"The target '{self.kind}' takes nothing after it: write {self.kind} alone.")
        if self.kind == "says":
            try:
                re.compile(self.text)
            except (re.error, OverflowError, RecursionError) as fault:
                raise EvolutionError(f"'{self.text[:40]}' is no regular expression: {fault}.") from fault

    @property
    def ways_told(self) -> list[str]:
        """How its ways are written."""
        return [f"{self.kind}:{way}" for way in KINDS[self.kind].ways]

    @property
    def name(self) -> str:
        """As it is written, in one line."""
        return f"{self.kind}:{self.text}".replace("\n", LINE_BREAK) if self.text else self.kind

    @property
    def of_kind(self) -> TargetKind:
        """Its sort."""
        return KINDS[self.kind]

    @property
    def is_more(self) -> bool:
        """Whether more is better."""
        kind = self.of_kind
        return kind.is_more != bool(kind.ways and self.text != kind.ways[0])

    @property
    def pulls(self) -> bool:
        """Whether it draws away from the original; damage and nearness are best where nothing is changed."""
        return self.kind not in ("damage", "same") and self.text != "near"

    def signed(self, value: float) -> float:
        """A value so that more is better."""
        return value if self.is_more else -value

    def told(self, value: float) -> str:
        """A value for people: a share in percent, else the number."""
        if self.of_kind.is_share:
            return f"{100 * value:.0f} %"
        return f"{value:.0f}" if self.kind == "mutations" else f"{value:.3f}".replace("-", "−")

    def difference_told(self, value: float, *, sign: bool = False, has_unit: bool = True) -> str:
        """A difference of two values for people: of shares in points, else in the target's unit."""
        scale, unit = (100, "points") if self.of_kind.is_share else (1, self.of_kind.unit)
        number = f"{scale * value:{'+' if sign else ''}.3g}".replace("-", "−")
        return f"{number} {unit}".strip() if has_unit else number


def read_target(text: str) -> Target:
    """A target as it is written; a blank before a continuation belongs to it. Raises EvolutionError."""
    kind, _, rest = text.replace(LINE_BREAK, "\n").strip().partition(":")
    return Target(kind.strip(), rest if kind.strip() == "likely" else rest.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Which genotypes are searched."""

    matrices: str = "*.*"
    """Patterns such as `*.down, 0-5.v, 11.*`, as screens have them."""
    units: tuple[Unit, ...] = ("block", "row", "column", "weight")
    step: int = 64
    """Rows and columns of a block."""
    operations: tuple[str, ...] = ("max", "min", "zero", "*2", "*-1")
    """Names, as `domain.screened` has them."""
    most: int = 4
    """Mutations of a genotype, at most."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations", read_operations(self.operations))
        unknown = [unit for unit in self.units if unit not in get_args(Unit)]
        if unknown:
            raise EvolutionError(
                f"There is no unit '{str(unknown[0])[:40]}': choose among {', '.join(get_args(Unit))}."
            )
        if not self.units or not self.operations:
            raise EvolutionError("A search needs a unit and an operation: name one of each at least.")
        if not 1 <= self.most <= MOST_MUTATIONS:
            raise EvolutionError(f"A genotype has 1 to {MOST_MUTATIONS} mutations, not {self.most}.")
        if self.step < 1:
            raise EvolutionError(f"The step is the side of a block: 1 or more, not {self.step}.")


MOST_MUTATIONS = 16
LEAST_POPULATION = 4
FIRST, MOST_FIRST = 4, 3
"""The first generation: so many populations, and of all evaluations at most one in so many."""
LEAST_PROMPTS = 4
MOST_PROMPTS = 200
MOST_EVALUATIONS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution:
    """What is asked of a search. Raises EvolutionError for what cannot be asked."""

    title: str
    targets: tuple[Target, ...]
    """The first is the one that winners are chosen by, where the others tie."""
    prompts: tuple[str, ...] = ()
    chat: bool = True
    questions: int = 0
    """How many of the bundled questions are asked, where a target is about questions."""
    space: Space = field(default_factory=Space)
    background: str = ""
    """Notation of what every genotype comes on top of; no weight of it is touched."""
    decoding: Decoding = field(default_factory=lambda: Decoding(max_new_tokens=40))
    evaluations: int = 600
    """Genotypes that the search measures, and as many random ones beside it."""
    population: int = 40
    seed: int = 0
    """Of everything: the split of prompts and questions, the first generation, each variation."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", tuple(filter(None, (prompt.strip() for prompt in self.prompts))))
        if not self.targets:
            raise EvolutionError("Name a target, such as style:poem, or press one of the presets.")
        if len(set(self.targets)) < len(self.targets):
            raise EvolutionError("A target is there twice: leave one of them out.")
        if all(target.of_kind.reads == "genotype" for target in self.targets):
            raise EvolutionError("Simplicity alone is no target: the original model is the simplest. Name another too.")
        if self.asks_prompts and not LEAST_PROMPTS <= len(self.prompts) <= MOST_PROMPTS:
            raise EvolutionError(
                f"Half of the prompts are held out: give {LEAST_PROMPTS} to {MOST_PROMPTS} of them, one a line, not "
                f"{len(self.prompts)}."
            )
        if len(set(self.prompts)) < len(self.prompts):
            raise EvolutionError("A prompt is there twice: it would be searched and held out at once. Leave one out.")
        if self.asks_questions and self.questions < LEAST_PROMPTS:
            raise EvolutionError(f"Half of the questions are held out: ask {LEAST_PROMPTS} at least.")
        if not LEAST_POPULATION <= self.population <= self.evaluations <= MOST_EVALUATIONS:
            raise EvolutionError(
                f"A population has {LEAST_POPULATION} genotypes at least, and a search measures as many as that to "
                f"{MOST_EVALUATIONS:,}: {self.evaluations} for a population of {self.population} is not possible."
            )
        if self.seed < 0:
            raise EvolutionError("The seed is a whole number, 0 or more.")

    @property
    def founders(self) -> int:
        """Genotypes of the first generation: several populations, since whatever they lack is hard to come by later."""
        return max(self.population, min(FIRST * self.population, self.evaluations // MOST_FIRST))

    @property
    def asks_prompts(self) -> bool:
        """Whether a target needs prompts."""
        return any(target.of_kind.reads in ("texts", "passages") for target in self.targets if target.kind != "damage")

    @property
    def asks_questions(self) -> bool:
        """Whether a target needs questions."""
        return any(target.of_kind.reads == "questions" for target in self.targets)

    @property
    def generates(self) -> bool:
        """Whether a target needs answers to be generated."""
        return any(target.of_kind.reads == "texts" for target in self.targets)

    def changed(self, of_space: Mapping[str, Any], **changes: Any) -> Evolution:
        """With other fields, of its space and of itself; None changes nothing. Raises EvolutionError, PlanError.

        Of other targets the title tells which.
        """
        inside, own = (
            {name: value for name, value in given.items() if value is not None} for given in (of_space, changes)
        )
        changed = replace(self, space=replace(self.space, **inside), **own)
        if changed.targets == self.targets:
            return changed
        return replace(changed, title=", ".join(target.name for target in changed.targets))

    def signed(self, values: Sequence[float]) -> tuple[float, ...]:
        """The values of all targets so that more is better."""
        return tuple(target.signed(value) for target, value in zip(self.targets, values, strict=True))

    def as_stored(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"targets": [target.name for target in self.targets]}


def evolution_of(stored: Mapping[str, Any]) -> Evolution:
    """What `Evolution.as_stored` stands for; keys that are not there have their defaults. Raises EvolutionError."""
    given = dict(stored)
    lists = {"targets": given.get("targets"), "prompts": given.get("prompts")}
    lists |= {name: (given.get("space") or {}).get(name) for name in ("units", "operations")}
    for name, items in lists.items():
        if items is not None and not all(isinstance(item, str) for item in items):
            raise EvolutionError(f"'{name}' is a list of texts, each in quotation marks.")
    space = dict(given.get("space") or {})
    space |= {name: tuple(space[name]) for name in ("units", "operations") if name in space}
    return Evolution(
        **given
        | {
            "targets": tuple(map(read_target, given.get("targets", ()))),
            "prompts": tuple(given.get("prompts", ())),
            "space": Space(**space),
            "decoding": Decoding(**given.get("decoding", {"max_new_tokens": 40})),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvolutionOrder:
    """An evolution that somebody asks for."""

    source: str
    """The model's name, as the workspace knows it."""
    evolution: Evolution
