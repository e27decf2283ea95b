"""Dose–response: what a site does over the values that it can be set to.

Every value is a mutant of its own; all are checked against the baseline in batches, none is generated.
Responses are often cliffs, so the steepest step is looked at again with values in between.
"""

import numpy as np

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
    model: LoadedModel, baseline: Baseline, decoding: Decoding, stacked: Genotype, site: Site
) -> tuple[Dose, ...]:
    """The responses at `COARSE + FINE` values, in the order of the values.

    `stacked` are mutations that are there already; `site` is then set to each value.
    """
    facts = site_facts(model, site)
    margin = MARGIN * (facts.maximum - facts.minimum or 1.0)
    coarse = [float(value) for value in np.linspace(facts.minimum - margin, facts.maximum + margin, COARSE)]
    doses = respond(model, baseline, decoding, stacked, site, coarse)
    left, right = steepest_step(doses)
    fine = [float(value) for value in np.linspace(left.value, right.value, FINE + 2)[1:-1]]
    doses += respond(model, baseline, decoding, stacked, site, fine)
    return tuple(sorted(doses, key=lambda dose: dose.value))


def respond(
    model: LoadedModel,
    baseline: Baseline,
    decoding: Decoding,
    stacked: Genotype,
    site: Site,
    values: list[float],
) -> list[Dose]:
    """The responses at some values, in their order."""
    mutations = [Mutation(site, Operation(kind="set", value=value)) for value in values]
    genotypes = [Genotype((*stacked.mutations, mutation)) for mutation in mutations]
    responses = effects(model, baseline, decoding, genotypes)
    return [
        Dose(value=value, first_divergence=effect.first_divergence, mean_kl=effect.mean_kl)
        for value, effect in zip(values, responses, strict=True)
    ]
