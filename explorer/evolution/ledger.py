"""What is known of genotypes: measured once, kept in a database, and never measured again; and who stays in a race.

A key stands for all that a number depends on but the genotype, so that what one run has measured serves another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

import duckdb

from explorer.domain.evolution import Target
from explorer.domain.notation import parse_genotype
from explorer.domain.screened import operation_of
from explorer.evolution.bench import Bench, Execute, Work, answers_to
from explorer.evolution.evaluation import CHUNK
from explorer.evolution.search import survivors
from explorer.evolution.split import Side
from explorer.evolution.targets import mean, of_answers
from explorer.mutation.apply import opened_by
from explorer.store import evolutions as store

KEPT = 0.5
"""Share of the genotypes that go on to the next heat of a race."""

Heading = tuple[Side, str]
"""Under which something is measured: a side, and a target's name or that of the answers to a heat."""


class Ledger:
    """The measurements of one evolution, in a database."""

    def __init__(self, bench: Bench, connection: duckdb.DuckDBPyConnection, execute: Execute) -> None:
        """Raises StoreError."""
        self._bench, self._evolution = bench, bench.evolution
        self._connection, self._execute = connection, execute
        self.measured = 0
        """Genotypes that were measured here."""
        self.setups = dict(self._named_setups())
        self._known = store.known(connection, self.setups.values())

    def race(self, texts: Sequence[str]) -> tuple[dict[str, tuple[float, ...]], set[str]]:
        """The values of those that stay in a race to its end, and those whose forward pass overflows.

        Cheap targets are measured of all, then answers, heat by heat, of those that are left.
        """
        self.measure("search", None, texts)
        overflown = {text for text in texts if self._overflows("search", text, 0)}
        racing = [text for text in texts if text not in overflown]
        heats = len(self._bench.parts["search"].heats) if self._evolution.generates else 0
        if heats and self._can_foretell:
            racing = self._kept(racing, heats=0)
        for heat in range(heats):
            self.measure("search", heat, racing)
            overflown |= {text for text in racing if self._overflows("search", text, heat + 1)}
            racing = [text for text in racing if text not in overflown]
            if heat + 1 < heats:
                racing = self._kept(racing, heats=heat + 1)
        found = zip(racing, self.items("search", racing), strict=True)
        return {text: tuple(map(mean, items)) for text, items in found}, overflown

    @property
    def _can_foretell(self) -> bool:
        """Whether cheap targets tell who may reach the others: not those that are best where nothing is changed."""
        cheap = self._bench.evaluations["search"].cheap
        return any(target.pulls or self._evolution.background for target in cheap)

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
        for target in self._evolution.targets:
            if target.of_kind.reads == "texts":
                if heats:
                    found.append(target.signed(mean(self._of_texts("search", target, text, heats))))
            else:
                found.append(target.signed(mean(self._of_others("search", target, text))))
        return tuple(found)

    def measure(self, side: Side, heat: int | None, genotypes: Sequence[str]) -> None:
        """Measure what is not known, and keep it: a step is kept as a whole, so that it is the same when repeated."""
        evaluation = self._bench.evaluations[side]
        headings = [target.name for target in evaluation.cheap] if heat is None else [answers_to(heat)]
        missing = [
            text for text in dict.fromkeys(genotypes)
            if any((self.setups[side, name], text) not in self._known for name in headings)
        ]  # fmt: skip
        if not missing or not headings:
            return
        size = CHUNK if heat is None else evaluation.at_once(heat)
        todo = (Work(side=side, heat=heat, genotypes=chunk) for chunk in evaluation.chunks(missing, size))
        new: dict[tuple[str, str], store.Numbers] = {}
        for work, found in self._execute(todo):
            for text, measured in zip(work.genotypes, found, strict=True):
                for name, each in measured.items():
                    new[self.setups[side, name], text] = each.numbers, each.texts
        store.keep_measured(self._connection, {key: numbers for key, numbers in new.items() if key not in self._known})
        self._known = new | self._known  # a number that is known stays what it is
        if heat is None or (heat == 0 and not evaluation.cheap):
            self.measured += len(missing)

    def _overflows(self, side: Side, text: str, heats: int) -> bool:
        """Whether a forward pass overflows, of the cheap targets and so many heats: a number is then none.

        What is known of later ones does not count, or a run that is repeated would race otherwise.
        """
        names = [target.name for target in self._bench.evaluations[side].cheap] + list(map(answers_to, range(heats)))
        return not all(
            math.isfinite(number) for name in names for number in self._known[self.setups[side, name], text][0]
        )

    def items(self, side: Side, genotypes: Sequence[str]) -> list[tuple[tuple[float, ...], ...]]:
        """Of genotypes the items of every target on one side, measured if need be; nothing of one that overflows."""
        self.measure(side, None, genotypes)
        sound = [text for text in genotypes if not self._overflows(side, text, 0)]
        if self._evolution.generates:
            for heat in range(len(self._bench.parts[side].heats)):
                self.measure(side, heat, sound)
                sound = [text for text in sound if not self._overflows(side, text, heat + 1)]
        return [
            tuple(self._of(side, target, text) for target in self._evolution.targets) if text in sound else ()
            for text in genotypes
        ]

    def _of(self, side: Side, target: Target, text: str) -> tuple[float, ...]:
        if target.of_kind.reads == "texts":
            return self._of_texts(side, target, text, len(self._bench.parts[side].heats))
        return self._of_others(side, target, text)

    def _of_texts(self, side: Side, target: Target, text: str, heats: int) -> tuple[float, ...]:
        answers = [
            answer for heat in range(heats) for answer in self._known[self.setups[side, answers_to(heat)], text][1]
        ]
        originals = [own for own, _ in self._bench.evaluations[side].originals]
        return tuple(of_answers(target, answers, originals[: len(answers)]))

    def _of_others(self, side: Side, target: Target, text: str) -> tuple[float, ...]:
        if target.of_kind.reads != "genotype":
            return self._known[self.setups[side, target.name], text][0]
        mutations = parse_genotype(text).mutations
        if target.kind == "mutations":
            return (float(len(mutations)),)
        weights = sum(own.size for each in mutations for own in self._bench.model.anatomy.targets(each.site))
        return (math.log10(max(1, weights)),)

    def said(self, side: Side, text: str, heats: int = 2) -> tuple[str, str, int]:
        """A side's first prompt, what a genotype says to it, and how many of its answers in so many heats are near
        ties."""
        prompts = self._bench.parts[side].prompts
        if not prompts:
            return "", "", 0
        numbers = range(min(heats, len(self._bench.parts[side].heats)))
        for heat in numbers:
            self.measure(side, heat, [text])
        answers = [self._known[self.setups[side, answers_to(heat)], text] for heat in numbers]
        ties = sum(number > 0 for numbers, _ in answers for number in numbers)  # NaN, of an overflow, is none
        return prompts[0], answers[0][1][0], ties

    # ----------------------------------------------------------------------------------------- setups

    def _named_setups(self) -> Iterator[tuple[Heading, str]]:
        """Of every heading a digest of all that its numbers depend on, but the genotype."""
        for side, part in self._bench.parts.items():
            for target in self._bench.evaluations[side].cheap:
                if target.of_kind.reads == "questions":
                    read: dict[str, Any] = {"questions": str(part.questions)}
                else:
                    read = {} if target.kind == "damage" else {"prompts": self._encoded(part.prompts)}
                yield (side, target.name), self._setup(side, target=target.name, **read)
            for heat, prompts in enumerate(part.heats):
                yield (side, answers_to(heat)), self._setup(side, answers=self._encoded(prompts))

    def _setup(self, side: Side, **read: Any) -> str:
        evolution = self._evolution
        said = {"background": evolution.background, "decoding": str(evolution.decoding), "side": side, **read}
        return digest(self.specimen, json.dumps(said, sort_keys=True))

    def _encoded(self, prompts: Sequence[str]) -> list[list[int]]:
        """As the model reads them: tokenizer and chat template are part of the question."""
        evaluation, decoding = self._bench.evaluations["search"], self._evolution.decoding
        return [self._bench.model.encode(evaluation.prompt(text), decoding) for text in prompts]

    @cached_property
    def specimen(self) -> str:
        """What every number depends on besides: the model, where it runs, and the weights that others lend."""
        operations = [operation_of(name) for name in self._evolution.space.operations]
        operations += [mutation.operation for mutation in parse_genotype(self._evolution.background).mutations]
        lent = [opened.fingerprint for opened in map(opened_by, operations) if opened is not None]
        return json.dumps([sorted(self._bench.model.identity.items()), lent])


def digest(*said: str) -> str:
    """Sixteen bytes that stand for some texts."""
    return blake2b("\n".join(said).encode(), digest_size=16).hexdigest()
