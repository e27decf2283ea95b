"""Genotypes measured on one part of an evolution: cheap numbers of many at once, and answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evolution import Evolution, Target
from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.evolution.split import Part
from explorer.generation.answers import all_answers
from explorer.generation.control import TEXT
from explorer.generation.effects import MOST_BYTES, layer_batches
from explorer.generation.passages import Heard, Passage, Passages
from explorer.generation.replies import TEXTS, Replies
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant, make_mutant, slab_bytes
from explorer.tasks.battery import Battery, Mark

CHUNK = 24
"""Genotypes that are measured together, at most; always the same ones, so that a run can be repeated."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a genotype under one heading."""

    numbers: tuple[float, ...]
    """The items; of answers, whether rounding may have decided a token of each (1) or not (0)."""
    texts: tuple[str, ...] = ()


class Evaluation:
    """One part of an evolution, made ready for one model. Raises PromptError, TaskError, ModelError.

    Genotypes come on top of the evolution's background.
    """

    def __init__(
        self,
        model: LoadedModel,
        evolution: Evolution,
        part: Part,
        breathe: Callable[[], None] = lambda: None,
        paragraph: str = TEXT,
    ) -> None:
        """`breathe` is called before each forward pass; damage is measured over `paragraph`."""
        self.model, self.evolution, self.part, self._breathe = model, evolution, part, breathe
        self._paragraph = paragraph
        self.background = model.anatomy.read(evolution.background)
        self.cheap = tuple(target for target in evolution.targets if target.of_kind.reads in ("passages", "questions"))
        """The targets that need no answer."""
        self._chat = evolution.chat and model.has_chat_template
        self._of_heats: dict[int, Replies] = {}

    def chunks(self, genotypes: Sequence[str], size: int) -> list[tuple[str, ...]]:
        """Genotypes in shares that are measured together: those that first change neighbouring layers."""
        ordered = sorted(genotypes)
        batches = layer_batches(self.model.anatomy, list(map(parse_genotype, ordered)), size)
        return [tuple(ordered[place] for place in places) for places in batches]

    # ------------------------------------------------------------------------------- without generating

    def measure(self, genotypes: Sequence[str]) -> list[dict[str, Measured]]:
        """Of each genotype the items of each cheap target, by its name; NaN where a forward pass overflows."""
        found: list[dict[str, Measured]] = [{} for _ in genotypes]
        if not self.cheap:
            return found
        for places in self._fitting(genotypes):
            mutants = [self.mutant(genotypes[place]) for place in places]
            heard: Sequence[tuple[Heard, ...]] = self._passages.read(mutants) if self._read_off else [()] * len(places)
            marks = self._battery.marks(mutants, self._breathe) if self._battery is not None else []
            for row, place in enumerate(places):
                for target in self.cheap:
                    if target.of_kind.reads == "questions":
                        items = [self._of_mark(target, mark) for mark in marks[row]]
                    else:
                        items = self._items(target, [heard[row][number] for number in self._read_off[target]])
                    found[place][target.name] = Measured(tuple(items))
        return found

    def mutant(self, genotype: str) -> Mutant:
        """On top of the background."""
        own = self.model.anatomy.read(genotype)
        return make_mutant(self.model, Genotype((*self.background.mutations, *own.mutations)))

    def _fitting(self, genotypes: Sequence[str]) -> Iterator[list[int]]:
        """The places of genotypes whose mutated weights fit into memory together."""
        places: list[int] = []
        size, background = 0, slab_bytes(self.model, self.background)
        for place, text in enumerate(genotypes):
            own = background + slab_bytes(self.model, parse_genotype(text))
            if places and (size + own > MOST_BYTES or len(places) == CHUNK):
                yield places
                places, size = [], 0
            places.append(place)
            size += own
        if places:
            yield places

    def _items(self, target: Target, heard: Sequence[Heard]) -> list[float]:
        if target.kind == "kl":
            return [math.nan if each.kl is None else each.kl for each in heard]
        if target.kind == "damage":
            return [self._control_likelihood - each.likelihood for each in heard]
        return [each.likelihood for each in heard]

    @cached_property
    def _laid_out(self) -> tuple[list[Passage], dict[Target, list[int]]]:
        """The passages that targets read, and the numbers of those of each target."""
        passages: list[Passage] = []
        numbers: dict[Passage, int] = {}
        read: dict[Target, list[int]] = {}

        def number_of(passage: Passage) -> int:
            if passage not in numbers:
                numbers[passage] = len(passages)
                passages.append(passage)
            return numbers[passage]

        for target in self.cheap:
            if target.of_kind.reads == "passages":
                read[target] = [number_of(passage) for passage in self.passages_of(target)]
        return passages, read

    @property
    def _read_off(self) -> dict[Target, list[int]]:
        return self._laid_out[1]

    def passages_of(self, target: Target) -> list[Passage]:
        """What a target reads: a fixed paragraph, its continuation after each prompt, or the original's answers."""
        match target.kind:
            case "damage":
                tokens = self.model.encode(Prompt(text=self._paragraph, chat=False), Decoding(max_new_tokens=1))
                return [Passage(tuple(tokens[:1]), tuple(tokens[1:]))]
            case "likely":
                return [self._continued(prompt, target.text) for prompt in self.part.prompts]
        said = zip(self._encoded, self.originals, strict=True)
        return [Passage(prompt, tokens) for prompt, (_, tokens) in said if tokens]

    def _continued(self, prompt: str, continuation: str) -> Passage:
        """A prompt and a continuation, as the tokenizer writes the two together from where they first differ on.

        Apart, where it would write even the first token in another way.
        """
        decoding = Decoding(max_new_tokens=1)
        alone = self.model.encode(self.prompt(prompt), decoding)
        begun = Prompt(text=prompt, chat=self._chat, prefill=continuation)
        whole = self.model.encode(begun, decoding)
        pairs = enumerate(zip(alone, whole, strict=False))
        shared = next((place for place, (own, other) in pairs if own != other), min(len(alone), len(whole)))
        if 0 < shared < len(whole):
            return Passage(tuple(whole[:shared]), tuple(whole[shared:]))
        return Passage(tuple(alone), tuple(self.model.encode(Prompt(text=continuation, chat=False), decoding)))

    @cached_property
    def _passages(self) -> Passages:
        passages, read = self._laid_out
        compared = {number for target, numbers in read.items() if target.kind == "kl" for number in numbers}
        return Passages(self.model, passages, compared, self._breathe)

    @cached_property
    def _control_likelihood(self) -> float:
        target = next(target for target in self.cheap if target.kind == "damage")
        return self._passages.original[self._read_off[target][0]].likelihood

    @cached_property
    def _battery(self) -> Battery | None:
        asks = any(target.of_kind.reads == "questions" for target in self.cheap)
        return Battery(self.model, self.part.questions) if asks and self.part.questions is not None else None

    def _of_mark(self, target: Target, mark: Mark) -> float:
        likelihoods = mark.score.likelihoods
        if not all(map(math.isfinite, likelihoods)):
            return math.nan
        if target.kind == "right":
            return float(mark.score.is_right)
        assert self.part.questions is not None
        question = self.part.questions.questions[mark.number]
        if self.part.questions.form == "cloze":  # per byte, as they are compared, times the bytes of all on average
            lengths = [len(choice.encode()) for choice in question.choices]
            whole = sum(lengths) / len(lengths)
            likelihoods = tuple(value / length * whole for value, length in zip(likelihoods, lengths, strict=True))
        highest = max(likelihoods)
        shares = [math.exp(value - highest) for value in likelihoods]
        return shares[question.answer] / sum(shares)

    # ----------------------------------------------------------------------------------------- answers

    def prompt(self, text: str) -> Prompt:
        """A prompt as it is put to the model."""
        return Prompt(text=text, chat=self._chat)

    @cached_property
    def _encoded(self) -> list[tuple[int, ...]]:
        decoding = self.evolution.decoding
        return [tuple(self.model.encode(self.prompt(text), decoding)) for text in self.part.prompts]

    @cached_property
    def originals(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Text and tokens of what the unmutated model says to each prompt."""
        if self.evolution.generates:
            said = tuple(answer for heat in range(len(self.part.heats)) for answer in self._replies(heat).original)
        else:
            prompts = list(map(self.prompt, self.part.prompts))
            said = all_answers(self.model, Genotype(), prompts, self.evolution.decoding, self._breathe)
        return tuple((answer.text, answer.tokens) for answer in said)

    def _replies(self, heat: int) -> Replies:
        if heat not in self._of_heats:
            prompts = [self.prompt(text) for text in self.part.heats[heat]]
            self._of_heats[heat] = Replies(self.model, prompts, self.evolution.decoding, self._breathe)
        return self._of_heats[heat]

    def at_once(self, heat: int) -> int:
        """Genotypes that answer the prompts of a heat together, at most."""
        return max(1, min(CHUNK, TEXTS // len(self.part.heats[heat])))

    def ask(self, genotypes: Sequence[str], heat: int) -> list[Measured]:
        """What each genotype says to the prompts of a heat; NaN where a forward pass overflows."""
        replies = self._replies(heat)
        said = [
            answers
            for places in self._fitting(genotypes)
            for answers in replies.read([self.mutant(genotypes[place]) for place in places])
        ]
        return [
            Measured(
                tuple(math.nan if each.ending == "overflow" else float(each.near_tie) for each in own),
                tuple(each.text for each in own),
            )
            for own in said
        ]
