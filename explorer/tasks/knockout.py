"""Knock-outs on questions: what every attention head, taken out by itself, costs in right answers."""

from collections.abc import Iterator, Sequence

from explorer.domain.effects import Effect, Knockout
from explorer.domain.genotype import Genotype, Site
from explorer.generation.knockout import without
from explorer.mutation.apply import make_mutant
from explorer.tasks.battery import Battery, Mark

STEP = 30
"""Heads that are asked before others have their turn."""


def knock_out_on(
    battery: Battery, sites: Sequence[Site], stacked: Genotype
) -> Iterator[list[tuple[Site | None, list[Mark]]]]:
    """The marks of each head's mutant, question by question; first those of what is stacked, of no head."""
    model = battery.model
    genotypes: list[tuple[Site | None, Genotype]] = [(None, stacked)]
    genotypes += [(site, without(site, stacked)) for site in sites]
    for start in range(0, len(genotypes), STEP):
        some = genotypes[start : start + STEP]
        marks = battery.marks([make_mutant(model, genotype) for _, genotype in some])
        yield [(site, own) for (site, _), own in zip(some, marks, strict=True)]


def right_in(marks: Sequence[Mark]) -> int:
    """Questions that are answered right."""
    return sum(mark.score.is_right for mark in marks)


def knockout_of(site: Site, marks: Sequence[Mark], standard: Sequence[Mark]) -> Knockout:
    """What a head's knock-out does to questions, beside what is answered with it."""
    pairs = zip(marks, standard, strict=True)
    parted = next((own.number for own, other in pairs if own.score.chosen != other.score.chosen), None)
    overflows = any(mark.kl != mark.kl for mark in marks)  # NaN
    effect = Effect(
        first_divergence=parted,
        mean_kl=None if overflows else sum(mark.kl for mark in marks) / len(marks),
        added_nll=float("inf") if overflows else sum(mark.added_nll for mark in marks) / len(marks),
    )
    return Knockout(site=site, effect=effect, right=right_in(marks))
