"""An evolution from its first generation to its verdict: measured in steps, kept after each, and repeated from there.

Nothing of a search is remembered but what was measured. One that was killed is run again from its beginning, by the
same seed: it meets its own measurements and comes to the same result.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal

import duckdb

from explorer.domain.evaluation import QuestionSet
from explorer.domain.evolution import Evolution, EvolutionOrder, Member, Progress, Target
from explorer.domain.notation import parse_genotype
from explorer.domain.screened import operation_of
from explorer.evolution.evaluation import CHUNK, Evaluation, Measured
from explorer.evolution.founders import Screened, founders
from explorer.evolution.places import Places
from explorer.evolution.search import best, generator, offspring, survivors
from explorer.evolution.split import Part, Side, split
from explorer.evolution.targets import check_target, mean, of_answers
from explorer.evolution.verdict import judged
from explorer.files.versions import program_version
from explorer.generation.control import TEXT, UNSEEN
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import opened_by
from explorer.store import evolutions as store

FOUNDERS, OFFSPRING, RIVALS = range(3)
"""Streams of chance."""
KEPT = 0.5
"""Share of the genotypes that go on to the next heat of a race."""

Heading = tuple[Side, str]
"""Under which something is measured: a side, and a target's name or `answers:0`, `answers:1`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Genotypes that are measured together."""

    side: Side
    heat: int | None
    """Whose prompts are answered; None: the cheap targets."""
    genotypes: tuple[str, ...]


Found = list[dict[str, Measured]]
"""By heading, of each genotype of a piece of work."""
Execute = Callable[[Iterator[Work]], Iterable[tuple[Work, Found]]]
"""What takes pieces of work and hands them back done, in any order, each once."""


class Bench:
    """Both parts of an evolution, made ready for one model: does pieces of work. Knows no database."""

    def __init__(
        self,
        model: LoadedModel,
        evolution: Evolution,
        questions: QuestionSet | None,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises EvolutionError, PromptError, TaskError, ModelError, NotationError."""
        for target in evolution.targets:
            check_target(target)
        self.model, self.evolution = model, evolution
        self.parts: dict[Side, Part] = split(evolution, questions)
        self.evaluations = {
            side: Evaluation(model, evolution, part, breathe, UNSEEN if side == "held-out" else TEXT)
            for side, part in self.parts.items()
        }

    @property
    def originals(self) -> tuple[tuple[int, ...], ...]:
        """What the original says to each prompt, tokens."""
        return tuple(tokens for own in self.evaluations.values() for _, tokens in own.originals)

    def work(self, work: Work) -> Found:
        """Measure some genotypes."""
        evaluation = self.evaluations[work.side]
        if work.heat is None:
            return evaluation.measure(work.genotypes)
        return [{_answers(work.heat): each} for each in evaluation.ask(work.genotypes, work.heat)]


def _answers(heat: int) -> str:
    return f"answers:{heat}"


@dataclass(slots=True)
class Tally:
    """How far a run is."""

    done: int = 0
    measured: int = 0
    """Of `done`, those that were not known before."""
    started: float = field(default_factory=time.perf_counter)


class Evolving:
    """An order made ready. Raises EvolutionError, PlanError, PromptError, TaskError, ModelError, NotationError."""

    def __init__(
        self,
        order: EvolutionOrder,
        model: LoadedModel,
        questions: QuestionSet | None,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        self.order, self.model = order, model
        self.evolution = order.evolution
        self.bench = Bench(model, self.evolution, questions, breathe)
        self.places = Places(model.anatomy, self.evolution.space, self.bench.evaluations["search"].background)
        self.number: int | None = None
        """Its number in the database, once it runs."""
        self._known: dict[tuple[str, str], store.Numbers] = {}
        self._setups: dict[Heading, str] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._execute: Execute = self._here
        self._tally = Tally()

    @property
    def total(self) -> int:
        """Genotypes that are measured in all: those of the search, and as many random ones."""
        return 2 * self.evolution.evaluations

    def run(
        self, connection: duckdb.DuckDBPyConnection, screened: Screened, execute: Execute | None = None
    ) -> Iterator[Progress]:
        """All of it, telling after every step how far it is. Raises StoreError."""
        self._begin(connection, execute)
        assert self.number is not None
        members: list[Member] = []
        yield self._progress("first generation", members)
        for members in self._search(screened):  # the last of them are all
            yield self._progress("generations", members)
        rivals: list[Member] = []
        for share in self._rivals(len(members)):
            rivals += share
            yield self._progress("random rivals", members)
        yield self._progress("held-out prompts", members)
        measure = {side: self._items(side) for side in self.bench.parts}
        verdict = judged(self.evolution, members, rivals, measure, lambda text: self._said("held-out", text))
        store.finish(connection, self.number, verdict)
        yield self._progress("done", members)

    def _begin(self, connection: duckdb.DuckDBPyConnection, execute: Execute | None) -> None:
        self._connection, self._execute, self._tally = connection, execute or self._here, Tally()
        specified = store.Specified(
            model=self.model.name,
            source=self.order.source,
            fingerprint=self.model.fingerprint,
            dtype=self.model.precision,
            version=program_version(),
        )
        asked = json.dumps(self.evolution.as_stored(), sort_keys=True)
        questions = [str(part.questions) for part in self.bench.parts.values()]
        key = _digest(self._specimen, asked, *questions)
        self.number = store.begin(connection, key, specified, self.evolution)
        self._setups = {heading: self._setup(*heading) for heading in self._headings()}
        self._known = store.known(connection, self._setups.values())

    # ------------------------------------------------------------------------------------- generations

    def _search(self, screened: Screened) -> Iterator[list[Member]]:
        """The members so far, after each generation."""
        assert self._connection is not None
        assert self.number is not None
        evolution, seed = self.evolution, self.evolution.seed
        first = store.founders(self._connection, self.number)
        if not first:
            unseen = self.bench.parts["held-out"].prompts
            evaluation = self.bench.evaluations["search"]
            first = founders(evaluation, self.places, unseen, screened, generator(seed, FOUNDERS))
            born = [
                Member(number=number, generation=0, genotype=text, origin=origin)
                for number, (text, origin) in enumerate(first)
            ]
            store.keep_members(self._connection, self.number, born, 0.0, is_rival=False)
        members = self._measured(
            [
                Member(number=number, generation=0, genotype=text, origin=origin)
                for number, (text, origin) in enumerate(first)
            ],
            is_rival=False,
        )
        population = self._surviving(members)
        yield members
        generation = 0
        while len(members) < evolution.evaluations:
            generation += 1
            count = min(evolution.population, evolution.evaluations - len(members))
            children = self._children(population, members, generation, count)
            if not children:
                return
            born = self._measured(children, is_rival=False)
            members = [*members, *born]
            population = self._surviving([*population, *born])
            yield members

    def _children(
        self, population: Sequence[Member], members: Sequence[Member], generation: int, count: int
    ) -> list[Member]:
        random = generator(self.evolution.seed, OFFSPRING, generation)
        known = {member.genotype for member in members}
        if population:
            texts, values = [each.genotype for each in population], [self._signed(each) for each in population]
            made = offspring(texts, values, self.places, known, count, random)
        else:  # all of them overflow
            made = []
        born = [
            Member(
                number=len(members) + place,
                generation=generation,
                genotype=child.genotype,
                origin=child.origin,
                parents=tuple(population[parent].number for parent in child.parents),
            )
            for place, child in enumerate(made)
        ]
        return born or [
            Member(number=len(members) + place, generation=generation, genotype=text, origin="chance")
            for place, text in enumerate(self._random(count, known, random))
        ]

    def _rivals(self, count: int) -> Iterator[list[Member]]:
        """As many random genotypes as were tried, raced as the others are, share by share."""
        random = generator(self.evolution.seed, RIVALS)
        drawn = self._random(count, set(), random)
        for start in range(0, len(drawn), self.evolution.population):
            share = [
                Member(number=start + place, generation=start // self.evolution.population, genotype=text,
                       origin="chance")
                for place, text in enumerate(drawn[start : start + self.evolution.population])
            ]  # fmt: skip
            yield self._measured(share, is_rival=True)

    def _random(self, count: int, known: set[str], random: Any) -> list[str]:
        found: dict[str, None] = {}
        for _ in range(20 * count):
            if len(found) == count:
                break
            text = self.places.random_genotype(random)
            if text not in known:
                found[text] = None
        return list(found)

    def _surviving(self, members: Sequence[Member]) -> list[Member]:
        alive = [member for member in members if member.values]
        kept = survivors([self._signed(member) for member in alive], self.evolution.population)
        return [alive[place] for place in kept]

    def _signed(self, member: Member) -> tuple[float, ...]:
        return tuple(target.signed(value) for target, value in zip(self.evolution.targets, member.values, strict=True))

    # --------------------------------------------------------------------------------------- measuring

    def _measured(self, members: Sequence[Member], *, is_rival: bool) -> list[Member]:
        """Members with their values: cheap ones of all, then answers of those that stay in the race."""
        assert self._connection is not None
        assert self.number is not None
        texts = [member.genotype for member in members]
        self._measure("search", None, texts)
        fates: dict[str, Literal["", "raced", "overflow"]] = {
            text: "overflow" for text in texts if self._overflows("search", text)
        }
        racing = [text for text in texts if text not in fates]
        if self.evolution.generates:
            if self._can_foretell:
                racing = self._kept(racing, heats=0)
            for heat in range(len(self.bench.parts["search"].heats)):
                self._measure("search", heat, racing)
                fates |= {text: "overflow" for text in racing if self._overflows("search", text)}
                racing = [text for text in racing if text not in fates]
                if heat + 1 < len(self.bench.parts["search"].heats):
                    racing = self._kept(racing, heats=heat + 1)
        chosen = set(racing)
        items = self._items("search")
        found = []
        for member in members:
            text = member.genotype
            if text in chosen:
                values = tuple(mean(own) for own in items([text])[0])
                found.append(replace(member, values=values))
            else:
                found.append(replace(member, fate=fates.get(text, "raced")))
        self._tally.done += len(found)
        seconds = time.perf_counter() - self._tally.started
        store.keep_members(self._connection, self.number, found, seconds, is_rival=is_rival)
        return found

    @property
    def _can_foretell(self) -> bool:
        """Whether cheap targets tell who may reach the others: not those that are best where nothing is changed."""
        cheap = self.bench.evaluations["search"].cheap
        return any(target.pulls or self.evolution.background for target in cheap)

    def _kept(self, texts: Sequence[str], heats: int) -> list[str]:
        """Those that go on: the better share by what is known of them after so many heats."""
        count = max(2, math.ceil(KEPT * len(texts)))
        if len(texts) <= count:
            return list(texts)
        values = [self._so_far(text, heats) for text in texts]
        return [texts[place] for place in survivors(values, count)]

    def _so_far(self, text: str, heats: int) -> tuple[float, ...]:
        """The values, more being better, of the targets that are known after so many heats."""
        found = []
        for target in self.evolution.targets:
            if target.of_kind.reads == "texts":
                if heats:
                    found.append(target.signed(mean(self._of_texts("search", target, text, heats))))
            else:
                found.append(target.signed(mean(self._of_others("search", target, text))))
        return tuple(found)

    def _measure(self, side: Side, heat: int | None, genotypes: Sequence[str]) -> None:
        """Measure what is not known, and keep it: a step is kept as a whole, so that it is the same when repeated."""
        evaluation = self.bench.evaluations[side]
        headings = [target.name for target in evaluation.cheap] if heat is None else [_answers(heat)]
        missing = [
            text for text in dict.fromkeys(genotypes)
            if any((self._setups[side, name], text) not in self._known for name in headings)
        ]  # fmt: skip
        if not missing or not headings:
            return
        size = CHUNK if heat is None else evaluation.at_once(heat)
        todo = (Work(side=side, heat=heat, genotypes=chunk) for chunk in evaluation.chunks(missing, size))
        new: dict[tuple[str, str], store.Numbers] = {}
        for work, found in self._execute(todo):
            for text, measured in zip(work.genotypes, found, strict=True):
                for name, each in measured.items():
                    new[self._setups[side, name], text] = each.numbers, each.texts
        assert self._connection is not None
        store.keep_measured(self._connection, {key: numbers for key, numbers in new.items() if key not in self._known})
        self._known = new | self._known  # a number that is known stays what it is
        if heat is None or (heat == 0 and not evaluation.cheap):
            self._tally.measured += len(missing)

    def _here(self, todo: Iterator[Work]) -> Iterator[tuple[Work, Found]]:
        """In this thread, one after the other."""
        return ((work, self.bench.work(work)) for work in todo)

    def _overflows(self, side: Side, text: str) -> bool:
        """Whether a forward pass is known to overflow: a number is then none."""
        names = [heading for heading in self._setups if heading[0] == side]
        known = (self._known.get((self._setups[heading], text)) for heading in names)
        return any(not all(map(math.isfinite, each[0])) for each in known if each is not None)

    def _items(self, side: Side) -> Callable[[Sequence[str]], list[tuple[tuple[float, ...], ...]]]:
        """Of genotypes the items of every target on one side, measured if need be; nothing of one that overflows."""

        def items(genotypes: Sequence[str]) -> list[tuple[tuple[float, ...], ...]]:
            self._measure(side, None, genotypes)
            sound = [text for text in genotypes if not self._overflows(side, text)]
            if self.evolution.generates:
                for heat in range(len(self.bench.parts[side].heats)):
                    self._measure(side, heat, sound)
                    sound = [text for text in sound if not self._overflows(side, text)]
            return [
                tuple(self._of(side, target, text) for target in self.evolution.targets) if text in sound else ()
                for text in genotypes
            ]

        return items

    def _of(self, side: Side, target: Target, text: str) -> tuple[float, ...]:
        if target.of_kind.reads == "texts":
            return self._of_texts(side, target, text, len(self.bench.parts[side].heats))
        return self._of_others(side, target, text)

    def _of_texts(self, side: Side, target: Target, text: str, heats: int) -> tuple[float, ...]:
        answers = [
            answer for heat in range(heats) for answer in self._known[self._setups[side, _answers(heat)], text][1]
        ]
        originals = [own for own, _ in self.bench.evaluations[side].originals]
        return tuple(of_answers(target, answers, originals[: len(answers)]))

    def _of_others(self, side: Side, target: Target, text: str) -> tuple[float, ...]:
        if target.of_kind.reads != "genotype":
            return self._known[self._setups[side, target.name], text][0]
        mutations = parse_genotype(text).mutations
        if target.kind == "mutations":
            return (float(len(mutations)),)
        weights = sum(own.size for each in mutations for own in self.model.anatomy.targets(each.site))
        return (math.log10(max(1, weights)),)

    def _said(self, side: Side, text: str, heats: int = 2) -> tuple[str, str, int]:
        """A side's first prompt, what a genotype says to it, and how many of its answers in so many heats are near
        ties."""
        prompts = self.bench.parts[side].prompts
        if not prompts:
            return "", "", 0
        numbers = range(min(heats, len(self.bench.parts[side].heats)))
        for heat in numbers:
            self._measure(side, heat, [text])
        answers = [self._known[self._setups[side, _answers(heat)], text] for heat in numbers]
        return prompts[0], answers[0][1][0], int(sum(sum(numbers) for numbers, _ in answers))

    # ----------------------------------------------------------------------------------------- setups

    def _headings(self) -> Iterator[Heading]:
        for side, evaluation in self.bench.evaluations.items():
            yield from ((side, target.name) for target in evaluation.cheap)
            yield from ((side, _answers(heat)) for heat in range(len(self.bench.parts[side].heats)))

    def _setup(self, side: Side, name: str) -> str:
        """All that what is measured under a heading depends on, but the genotype, as a digest."""
        part, evolution = self.bench.parts[side], self.evolution
        said: dict[str, Any] = {
            "background": evolution.background, "decoding": str(evolution.decoding), "side": side,
        }  # fmt: skip
        if name.startswith("answers:"):
            said |= {"answers": self._encoded(part.heats[int(name.partition(":")[2])])}
        else:
            target = next(target for target in evolution.targets if target.name == name)
            said |= {"target": name}
            if target.of_kind.reads == "questions":
                said |= {"questions": str(part.questions)}
            elif target.kind != "damage":
                said |= {"prompts": self._encoded(part.prompts)}
        return _digest(self._specimen, json.dumps(said, sort_keys=True))

    def _encoded(self, prompts: Sequence[str]) -> list[list[int]]:
        """As the model reads them: tokenizer and chat template are part of the question."""
        evaluation, decoding = self.bench.evaluations["search"], self.evolution.decoding
        return [self.model.encode(evaluation.prompt(text), decoding) for text in prompts]

    @cached_property
    def _specimen(self) -> str:
        """What every number depends on besides: the model, where it runs, and the weights that others lend."""
        operations = [operation_of(name) for name in self.evolution.space.operations]
        operations += [mutation.operation for mutation in parse_genotype(self.evolution.background).mutations]
        lent = [opened.fingerprint for opened in map(opened_by, operations) if opened is not None]
        return json.dumps([sorted(self.model.identity.items()), lent])

    def _progress(self, phase: Any, members: Sequence[Member]) -> Progress:
        assert self.number is not None
        alive = [member for member in members if member.values]
        values = [self._signed(member) for member in alive]
        seconds = time.perf_counter() - self._tally.started
        pace = self._tally.measured / seconds if seconds else 0.0
        left = self.total - self._tally.done
        leader = alive[best(values)] if alive else None
        prompt, text, _ = self._said("search", leader.genotype, heats=1) if leader else ("", "", 0)
        return Progress(
            evolution=self.number,
            phase=phase,
            generation=max((member.generation for member in members), default=0),
            done=self._tally.done,
            total=self.total,
            per_minute=60 * pace,
            seconds_left=left / pace if pace else 0.0,
            best=leader.values if leader else (),
            genotype=leader.genotype if leader else "",
            prompt=prompt,
            text=text,
        )


def _digest(*said: str) -> str:
    return blake2b("\n".join(said).encode(), digest_size=16).hexdigest()
