"""Dose–response: what a site does over the values that it can be set to.

Every value is a mutant of its own; all are checked against the baseline in batches, none is generated.
Responses are often cliffs, so the steepest step is looked at again with values in between.
"""

import numpy as np

from explorer.domain.amounts import Amount, amount_of, number_of, with_number
from explorer.domain.decoding import Decoding
from explorer.domain.effects import Dose, steepest_step
from explorer.domain.genotype import Genotype, Mutation, Operation, Site
from explorer.generation.baseline import Baseline
from explorer.generation.effects import effects
from explorer.model.loaded import LoadedModel
from explorer.mutation.describe import site_facts

COARSE, FINE = 17, 6
"""How many values are tried over the whole range, and again within the steepest step."""

MARGIN = 0.25
"""How far beyond the matrix's own minimum and maximum the values go, as a share of its range."""


def dose_response(
    model: LoadedModel,
    baseline: Baseline,
    decoding: Decoding,
    stacked: Genotype,
    site: Site,
    operation: Operation | None = None,
) -> tuple[Dose, ...]:
    """The responses at `COARSE + FINE` values, in the order of the values.

    `stacked` are mutations that are there already; `site` is then set to each value. Of an `operation` with a number of
    its own, such as `round`, that number takes the values: all of them, or so many of them over its range.
    """
    facts = site_facts(model, site)
    amount = amount_of(operation, facts)
    if operation is not None and amount is not None:
        return _by_amount(model, baseline, decoding, stacked, Mutation(site, operation), amount)
    margin = MARGIN * (facts.maximum - facts.minimum or 1.0)
    coarse = [float(value) for value in np.linspace(facts.minimum - margin, facts.maximum + margin, COARSE)]
    doses = respond(model, baseline, decoding, stacked, set_to(site, coarse))
    left, right = steepest_step(doses)
    fine = [float(value) for value in np.linspace(left.value, right.value, FINE + 2)[1:-1]]
    doses += respond(model, baseline, decoding, stacked, set_to(site, fine))
    return tuple(sorted(doses, key=lambda dose: dose.value))


def _by_amount(
    model: LoadedModel,
    baseline: Baseline,
    decoding: Decoding,
    stacked: Genotype,
    mutation: Mutation,
    amount: Amount,
) -> tuple[Dose, ...]:
    spread = (amount.nearest(float(value)) for value in np.linspace(amount.low, amount.high, COARSE))
    whole = range(int(amount.low), int(amount.high) + 1)
    values = map(float, whole) if amount.is_whole and len(whole) <= COARSE + FINE else dict.fromkeys(spread)
    at_values = [Mutation(mutation.site, with_number(mutation.operation, value)) for value in values]
    possible = [each for each in at_values if model.anatomy.objection(each) is None]
    return tuple(respond(model, baseline, decoding, stacked, possible))


def set_to(site: Site, values: list[float]) -> list[Mutation]:
    """A site set to some values, each a mutation of its own."""
    return [Mutation(site, Operation(kind="set", value=value)) for value in values]


def respond(
    model: LoadedModel, baseline: Baseline, decoding: Decoding, stacked: Genotype, mutations: list[Mutation]
) -> list[Dose]:
    """The responses to some mutations, in their order."""
    genotypes = [Genotype((*stacked.mutations, mutation)) for mutation in mutations]
    responses = effects(model, baseline, decoding, genotypes)
    return [
        Dose(value=number_of(mutation.operation), first_divergence=effect.first_divergence, mean_kl=effect.mean_kl)
        for mutation, effect in zip(mutations, responses, strict=True)
    ]
