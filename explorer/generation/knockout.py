"""Knock-outs: every attention head without its output, one by one, over the original's own answer.

The columns of `o` that read a head's output are zeroed, and its queries with them: nothing of it is left.
"""

from collections.abc import Iterator

from explorer.domain.decoding import Decoding
from explorer.domain.effects import Knockout
from explorer.domain.genotype import Genotype, Mutation, Operation, Site
from explorer.generation.baseline import Baseline
from explorer.generation.effects import BATCH, effects
from explorer.model.anatomy import Anatomy
from explorer.model.loaded import LoadedModel

KNOCKED_OUT = Operation(kind="scale", value=0.0)
"""What is done to a head."""
STEP = 4 * BATCH
"""Heads that are knocked out before others have their turn."""


def head_sites(anatomy: Anatomy) -> list[Site]:
    """Every attention head that a site can name, layer by layer."""
    return [
        Site(part="head", layer=layer, head=head)
        for layer in range(anatomy.layer_count)
        for head in range(anatomy.heads(layer))
    ]


def without(site: Site, stacked: Genotype) -> Genotype:
    """A genotype with a head knocked out besides."""
    return Genotype((*stacked.mutations, Mutation(site, KNOCKED_OUT)))


def knock_out(
    model: LoadedModel, baseline: Baseline, decoding: Decoding, stacked: Genotype
) -> Iterator[list[Knockout]]:
    """The knock-outs of all heads on top of what is stacked, `STEP` at a time."""
    sites = head_sites(model.anatomy)
    for start in range(0, len(sites), STEP):
        some = sites[start : start + STEP]
        found = effects(model, baseline, decoding, [without(site, stacked) for site in some])
        yield [Knockout(site=site, effect=effect) for site, effect in zip(some, found, strict=True)]
