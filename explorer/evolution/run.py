"""An evolution from its first generation to its verdict: measured in steps, kept after each, and repeated from there.

Nothing of a search is remembered but what was measured. One that was killed is run again from its beginning, by the
same seed: it meets its own measurements and comes to the same result.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

import duckdb

from explorer.domain.evaluation import QuestionSet
from explorer.domain.evolution import EvolutionOrder
from explorer.domain.evolved import Member, Phase, Progress
from explorer.evolution.bench import Bench, Execute
from explorer.evolution.founders import Screened, founders
from explorer.evolution.ledger import Ledger, digest
from explorer.evolution.places import Places, Random
from explorer.evolution.search import Child, best, generator, offspring, survivors
from explorer.evolution.verdict import judged
from explorer.files.versions import program_version
from explorer.model.loaded import LoadedModel
from explorer.store import evolutions as store

FOUNDERS, OFFSPRING, RIVALS = range(3)
"""Streams of chance."""


class Evolving:
    """An order made ready. Raises EvolutionError, PlanError, PromptError, TaskError, ModelError, NotationError."""

    def __init__(
        self,
        order: EvolutionOrder,
        model: LoadedModel,
        questions: QuestionSet | None,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`breathe` is called before each forward pass."""
        self.order, self.model, self.evolution = order, model, order.evolution
        self.bench = Bench(model, self.evolution, questions, breathe)
        self.places = Places(model.anatomy, self.evolution.space, self.bench.evaluations["search"].background)
        self.number: int | None = None
        """Its number in the database, once it runs."""

    @property
    def total(self) -> int:
        """Genotypes that are measured in all: those of the search, and as many random ones."""
        return 2 * self.evolution.evaluations

    def run(
        self, connection: duckdb.DuckDBPyConnection, screened: Screened, execute: Execute | None = None
    ) -> Iterator[Progress]:
        """All of it, telling after every step how far it is. Raises StoreError."""
        ledger = Ledger(self.bench, connection, execute or self.bench.execute)
        setups = [(*heading, setup) for heading, setup in ledger.setups.items()]
        self.number = store.begin(connection, self._key(ledger), self._specified(), self.evolution, setups)
        yield from _Run(self, connection, ledger, self.number).steps(screened)

    def _key(self, ledger: Ledger) -> str:
        asked = json.dumps(self.evolution.as_stored(), sort_keys=True)
        return digest(ledger.specimen, asked, *(str(part.questions) for part in self.bench.parts.values()))

    def _specified(self) -> store.Specified:
        return store.Specified(
            model=self.model.name,
            source=self.order.source,
            fingerprint=self.model.fingerprint,
            dtype=self.model.precision,
            version=program_version(),
        )


class _Run:
    """One that runs into a database."""

    def __init__(self, evolving: Evolving, connection: duckdb.DuckDBPyConnection, ledger: Ledger, number: int) -> None:
        self._evolving, self._evolution = evolving, evolving.evolution
        self._bench, self._places = evolving.bench, evolving.places
        self._connection, self._ledger, self._number = connection, ledger, number
        self._done, self._started = 0, time.perf_counter()

    def steps(self, screened: Screened) -> Iterator[Progress]:
        members: list[Member] = []
        yield self._progress("first generation", members)
        for members in self._search(screened):  # the last of them are all
            yield self._progress("generations", members)
        rivals: list[Member] = []
        for share in self._rivals(len(members)):
            rivals += share
            yield self._progress("random rivals", members)
        yield self._progress("held-out prompts", members)
        measure = {side: partial(self._ledger.items, side) for side in self._bench.parts}
        verdict = judged(self._evolution, members, rivals, measure, lambda text: self._ledger.said("held-out", text))
        store.finish(self._connection, self._number, verdict)
        yield self._progress("done", members)

    def _search(self, screened: Screened) -> Iterator[list[Member]]:
        """The members so far, after each generation."""
        evolution = self._evolution
        members = self._measured(self._first(screened), is_rival=False)
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

    def _first(self, screened: Screened) -> list[Member]:
        """The first generation: as it was noted, or else made and noted."""
        first = store.founders(self._connection, self._number)
        is_new = not first
        if is_new:
            unseen, seed = self._bench.parts["held-out"].prompts, self._evolution.seed
            evaluation = self._bench.evaluations["search"]
            first = founders(evaluation, self._places, unseen, screened, generator(seed, FOUNDERS))
        born = [
            Member(number=number, generation=0, genotype=text, origin=origin)
            for number, (text, origin) in enumerate(first)
        ]
        if is_new:
            store.keep_members(self._connection, self._number, born, 0.0, is_rival=False)
        return born

    def _children(
        self, population: Sequence[Member], members: Sequence[Member], generation: int, count: int
    ) -> list[Member]:
        random = generator(self._evolution.seed, OFFSPRING, generation)
        known = {member.genotype for member in members}
        if population:
            texts, values = (
                [each.genotype for each in population],
                [self._evolution.signed(each.values) for each in population],
            )
            made = offspring(texts, values, self._places, known, count, random)
        else:  # all of them overflow
            made = [Child(text, "chance", ()) for text in self._random(count, known, random)]
        return [
            Member(
                number=len(members) + place,
                generation=generation,
                genotype=child.genotype,
                origin=child.origin,
                parents=tuple(population[parent].number for parent in child.parents),
            )
            for place, child in enumerate(made)
        ]

    def _rivals(self, count: int) -> Iterator[list[Member]]:
        """As many random genotypes as were tried, raced as the others are, share by share."""
        random = generator(self._evolution.seed, RIVALS)
        drawn = self._random(count, set(), random)
        for start in range(0, len(drawn), self._evolution.population):
            share = [
                Member(number=start + place, generation=start // self._evolution.population, genotype=text,
                       origin="chance")
                for place, text in enumerate(drawn[start : start + self._evolution.population])
            ]  # fmt: skip
            yield self._measured(share, is_rival=True)

    def _random(self, count: int, known: Collection[str], random: Random) -> list[str]:
        """So many different genotypes by chance, or as many as are found."""
        found: dict[str, None] = {}
        for _ in range(20 * count):
            if len(found) == count:
                break
            text = self._places.random_genotype(random)
            if text not in known:
                found[text] = None
        return list(found)

    def _measured(self, members: Sequence[Member], *, is_rival: bool) -> list[Member]:
        """Members with their values or their fate, kept."""
        values, overflown = self._ledger.race([member.genotype for member in members])
        found = [
            replace(member, values=values[member.genotype])
            if member.genotype in values
            else replace(member, fate="overflow" if member.genotype in overflown else "raced")
            for member in members
        ]
        self._done += len(found)
        seconds = time.perf_counter() - self._started
        store.keep_members(self._connection, self._number, found, seconds, is_rival=is_rival)
        return found

    def _surviving(self, members: Sequence[Member]) -> list[Member]:
        alive = [member for member in members if member.values]
        kept = survivors([self._evolution.signed(member.values) for member in alive], self._evolution.population)
        return [alive[place] for place in kept]

    def _progress(self, phase: Phase, members: Sequence[Member]) -> Progress:
        alive = [member for member in members if member.values]
        seconds, total = time.perf_counter() - self._started, self._evolving.total
        pace = self._ledger.measured / seconds if seconds else 0.0
        leader = alive[best([self._evolution.signed(member.values) for member in alive])] if alive else None
        prompt, text, _ = self._ledger.said("search", leader.genotype, heats=1) if leader else ("", "", 0)
        return Progress(
            evolution=self._number,
            phase=phase,
            generation=max((member.generation for member in members), default=0),
            done=self._done,
            total=total,
            per_minute=60 * pace,
            seconds_left=(total - self._done) / pace if pace else 0.0,
            best=leader.values if leader else (),
            genotype=leader.genotype if leader else "",
            prompt=prompt,
            text=text,
        )
