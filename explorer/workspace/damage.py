"""Damage tables and advice: measured behind what people wait for, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from explorer.domain.damage import Damage, DamageTable, perplexity
from explorer.domain.errors import ModelError, PlanError
from explorer.domain.evaluation import QuestionSet
from explorer.domain.genotype import MOST_BITS, Genotype, Mutation
from explorer.domain.notation import format_mutation
from explorer.domain.screened import operation_of
from explorer.files.settings import Settings
from explorer.files.texts import read_texts
from explorer.generation.baseline import Baseline
from explorer.generation.damage import damages, losses, matrix_sites, mean_loss, own_losses, read_all
from explorer.model.loaded import LoadedModel
from explorer.statistics.advice import Advice, Comparison, Tried, advise, uniform
from explorer.workspace.behaviour import Behaviour
from explorer.workspace.computing import Computing, lack_of_memory_told

ASKED_AT_ONCE = 30
"""Genotypes that are asked questions before others have their turn."""


class Damages:
    """Measures what operations on single matrices cost. The texts are those of the settings."""

    def __init__(self, settings: Settings, computing: Computing, behaviour: Behaviour) -> None:
        self._settings, self._computing, self._behaviour = settings, computing, behaviour
        self._readings: WeakKeyDictionary[LoadedModel, dict[tuple[str, ...], tuple[list[Baseline], list[float]]]] = (
            WeakKeyDictionary()
        )

    def table(
        self, model: LoadedModel, operations: Sequence[str], questions: QuestionSet | None = None
    ) -> Iterator[tuple[int, DamageTable]]:
        """The table as it grows, with how many rows there will be. Raises SettingsError, PromptError, ModelError."""
        readings, own = self._reading(model, read_texts(self._settings.texts_file).read)
        if not math.isfinite(sum(own)):
            raise ModelError("The original model's own forward pass overflows on the texts: try another precision.")
        sites = matrix_sites(model.anatomy)
        if not sites:
            raise ModelError("The layers of this model are not known, so there is no table of its matrices.")
        for mutation in (Mutation(site, operation_of(name)) for site in sites for name in operations):
            if (objection := model.anatomy.objection(mutation)) is not None:
                raise PlanError(f"{format_mutation(mutation)} cannot be measured: {objection[1]}")
        inside = sum(target.size for site in sites for target in model.anatomy.targets(site))
        table = DamageTable(
            model=model.name,
            tokens=sum(len(reading.tokens) for reading in readings),
            nll=mean_loss(own, readings),
            others=model.anatomy.parameter_count - inside,
            rows=(),
        )
        steps = damages(model, readings, operations, sites)
        with lack_of_memory_told("measure fewer operations at once"):
            for found in self._computing.stream_behind(steps):
                table = replace(table, rows=(*table.rows, *found))
                yield len(sites) * len(operations), table
        if questions is not None:
            yield len(table.rows), self._asked(model, table, questions)

    def compare(self, model: LoadedModel, table: DamageTable, average: float) -> Comparison:
        """What the table advises within so many bits a weight, tried on unseen texts beside uniform bits.

        Raises StatisticsError for too few bits.
        """
        advice = advise(table, average)
        readings, own = self._reading(model, read_texts(self._settings.texts_file).unseen)
        flat = uniform(table, max(1, min(MOST_BITS, math.floor(average))))
        return Comparison(
            original=perplexity(mean_loss(own, readings)),
            advised=self._tried(model, advice, readings),
            uniform=self._tried(model, flat, readings),
        )

    def _tried(self, model: LoadedModel, advice: Advice, readings: list[Baseline]) -> Tried:
        with lack_of_memory_told("the whole advice is a second model in memory: use a smaller one"):
            found = self._computing.run_behind(losses, model, readings, advice.genotype)
        return Tried(advice=advice, perplexity=perplexity(mean_loss(found, readings)), losses=tuple(found))

    def _reading(self, model: LoadedModel, texts: tuple[str, ...]) -> tuple[list[Baseline], list[float]]:
        """The original's passes over some texts, and its own losses; kept."""
        known = self._readings.setdefault(model, {})
        if texts not in known:
            with lack_of_memory_told("take shorter texts"):
                readings = self._computing.run_behind(read_all, model, texts)
                known[texts] = readings, self._computing.run_behind(own_losses, readings)
        return known[texts]

    def _asked(self, model: LoadedModel, table: DamageTable, questions: QuestionSet) -> DamageTable:
        """The table with how many questions each row answers right."""
        own = sum(score.is_right for _, score in self._behaviour.scores(model, Genotype(), questions))
        right: list[int] = []
        for start in range(0, len(table.rows), ASKED_AT_ONCE):
            some = table.rows[start : start + ASKED_AT_ONCE]
            genotypes = [Genotype((Mutation(row.site, operation_of(row.operation)),)) for row in some]
            counts = [0] * len(some)
            for place, _, score in self._behaviour.scores_of(model, genotypes, questions):
                counts[place] += score.is_right
            right += counts
        rows: tuple[Damage, ...] = tuple(
            replace(row, right=count) for row, count in zip(table.rows, right, strict=True)
        )
        return replace(table, rows=rows, questions=len(questions.questions), right=own)
