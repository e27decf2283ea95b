"""The first generation: from what is known, in told shares, and by chance.

First-order estimates of what would help, by one backward pass; mutants of stored screens whose text is what is wanted;
findings of Search, verified on the first prompt; and genotypes drawn at random, which also fill what the others lack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

import torch

from explorer.domain.errors import ModelError
from explorer.domain.evolution import Evolution, Target
from explorer.domain.genotype import ZERO, Genotype, Mutation, SensitiveLevel
from explorer.domain.screened import operation_of, unit_site
from explorer.evolution.evaluation import Evaluation
from explorer.evolution.places import Places, Random
from explorer.evolution.targets import of_answers
from explorer.generation.alone import decode_alone
from explorer.generation.passages import Passage
from explorer.generation.sensitivity import find_sensitive, strongest_estimates
from explorer.tasks.battery import choice_start, texts_of

SHARES = {"estimate": 0.4, "screen": 0.2, "finding": 0.1, "chance": 0.3}
"""Of the first generation, by origin; what one lacks is drawn by chance."""
LEVELS: tuple[SensitiveLevel, ...] = ("block", "row", "column", "weight", "matrix")
MOST_TEXTS = 6
"""Passages that the backward pass reads, at most."""
TRIES = 50

Screened = Callable[[Callable[[str], bool] | None, Sequence[str], int], list[dict[str, Any]]]
"""Stored mutants whose text is alike (None: the loudest), of screens on other prompts than these, so many at most."""


def founders(
    evaluation: Evaluation, places: Places, unseen: Sequence[str], screened: Screened, random: Random
) -> list[tuple[str, str]]:
    """`Evolution.founders` different genotypes, each with its origin; nothing is taken of unseen prompts."""
    evolution = evaluation.evolution
    found: dict[str, str] = {}
    sources: Mapping[str, Callable[[int], Iterator[Mutation]]] = {
        "estimate": lambda count: _estimated(evaluation, places, count),
        "screen": lambda count: _screened(evolution, unseen, screened, count),
        "finding": lambda count: _findings(evaluation, count),
    }
    for origin, source in sources.items():
        wanted = round(SHARES[origin] * evolution.founders)
        for mutation in source(4 * wanted):
            if sum(own == origin for own in found.values()) == wanted:
                break
            if places.allows(mutation):
                found.setdefault(places.canonical([mutation]), origin)
    for _ in range(TRIES * evolution.founders):
        if len(found) == evolution.founders:
            break
        found.setdefault(places.random_genotype(random), "chance")
    return list(found.items())


# ------------------------------------------------------------------------------------------ estimates


def _estimated(evaluation: Evaluation, places: Places, count: int) -> Iterator[Mutation]:
    """The best first, of each operation and unit in turn."""
    space, model = evaluation.evolution.space, evaluation.model
    texts, helps = _wanted(evaluation)
    operations = [operation_of(name) for name in space.operations]
    levels = [level for level in LEVELS if level in space.units]
    if not texts or not levels:
        return
    background = evaluation.mutant("") if evaluation.background else None
    try:
        best = strongest_estimates(
            model, texts[:MOST_TEXTS], operations, levels, count, strength=helps, side=space.step,
            background=background, is_wanted=places.has,
        )  # fmt: skip
    except ModelError:  # no gradient goes through this model
        return
    fitting = [[mutation for _, mutation in found if places.fits(mutation)] for found in best.values()]
    yield from (mutation for mutation in chain.from_iterable(zip_longest(*fitting)) if mutation is not None)


def _wanted(evaluation: Evaluation) -> tuple[list[Passage], Callable[[torch.Tensor], torch.Tensor]]:
    """The texts of the first target that has some, and what makes an estimate of their NLL a good one."""
    for target in evaluation.cheap:
        if target.of_kind.reads == "questions":
            return _choices(evaluation), torch.neg
        if target.kind != "damage":
            return evaluation.passages_of(target), _strength(target, is_rescue=bool(evaluation.background))
    if not evaluation.part.prompts:
        return [], torch.abs
    return evaluation.passages_of(Target("original", "far")), torch.abs


def _strength(target: Target, *, is_rescue: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    """Of the NLL that a mutation adds: less of it helps what is to be likely, more of it what is to be far."""
    if target.kind == "likely" or (target.text == "near" and is_rescue):
        return torch.neg
    return torch.positive if target.text == "far" else torch.abs


def _choices(evaluation: Evaluation) -> list[Passage]:
    """The right answers of some questions, as they are put."""
    questions = evaluation.part.questions
    assert questions is not None
    found = []
    for question in questions.questions[:MOST_TEXTS]:
        context, wholes = texts_of(evaluation.model, questions, question, 0)
        whole = wholes[question.answer]
        start = choice_start(context, whole)
        found.append(Passage(tuple(whole[:start]), tuple(whole[start:])))
    return found


# ------------------------------------------------------------------------------- screens and findings


def _screened(evolution: Evolution, unseen: Sequence[str], screened: Screened, count: int) -> Iterator[Mutation]:
    """Mutants of stored screens that say what is wanted; the loudest that destroy nothing, where nothing is."""
    wanted = [target for target in evolution.targets if target.kind in ("style", "says")]
    for target in wanted:
        for row in screened(lambda text, target=target: any(of_answers(target, [text], [text])), unseen, count):  # type: ignore[misc]
            yield Mutation(unit_site(row), operation_of(row["operation"]))
    for row in [] if wanted else screened(None, unseen, count):
        yield Mutation(unit_site(row), operation_of(row["operation"]))


def _findings(evaluation: Evaluation, count: int) -> Iterator[Mutation]:
    """The weights that matter most for the first prompt, each to zero, as Search verifies them."""
    prompts = evaluation.part.prompts
    if not prompts or evaluation.background:
        return
    prompt = evaluation.prompt(prompts[0])
    baseline = decode_alone(evaluation.model, prompt, evaluation.evolution.decoding, Genotype())
    try:
        found = find_sensitive(evaluation.model, baseline, ZERO, "weight", count)
    except ModelError:
        return
    yield from (finding.mutation for finding in found)
