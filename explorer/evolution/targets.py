"""The numbers of targets, from what was measured of a genotype: answers, likelihoods, questions, the genotype itself.

A target's number is the mean over its items: prompts, questions, or a single one. No torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points

from explorer.domain.errors import EvolutionError
from explorer.domain.evolution import Target
from explorer.domain.phenotype import DESTROYED
from explorer.generation.style import STYLES, style_of
from explorer.generation.texts import cosine_similarity

ENTRY_POINTS = "mutation_explorer.targets"
"""The group of entry points: functions from a list of answers to a number, of which more is better."""


def check_target(target: Target) -> None:
    """Raise EvolutionError for a style that there is not, or an entry point that is not installed."""
    if target.kind == "style" and target.text not in STYLES:
        raise EvolutionError(f"There is no style '{target.text[:40]}': choose among {', '.join(STYLES)}.")
    if target.kind == "own":
        own_target(target.text)


def own_target(name: str) -> Callable[[Sequence[str]], float]:
    """A target of somebody's own, by its entry point. Raises EvolutionError."""
    found = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        known = f"installed are {', '.join(sorted(found))}" if found else "none is installed"
        raise EvolutionError(
            f"There is no target of your own '{name[:40]}' in the group of entry points {ENTRY_POINTS}: {known}."
        )
    try:
        function: Callable[[Sequence[str]], float] = found[name].load()
    except Exception as fault:  # it is somebody's own code: told as what it is
        raise EvolutionError(f"The target 'own:{name}' cannot be loaded: {type(fault).__name__}: {fault}") from fault
    return function


def of_answers(target: Target, answers: Sequence[str], originals: Sequence[str]) -> list[float]:
    """The items of a target that looks at answers: one a prompt, one in all of somebody's own."""
    match target.kind:
        case "style":
            return [float(style_of(answer) == target.text) for answer in answers]
        case "says":
            return [float(re.search(target.text, answer) is not None) for answer in answers]
        case "readable":
            return [float(_is_readable(answer)) for answer in answers]
        case "same":
            return [float(own.strip() == other.strip()) for own, other in zip(originals, answers, strict=True)]
        case "cosine":
            return _cosines(originals, answers)
        case "odd":
            return [
                1.0 - cosine if _is_readable(answer) else 0.0
                for cosine, answer in zip(_cosines(originals, answers), answers, strict=True)
            ]
    try:
        value = float(own_target(target.text)(list(answers)))
    except EvolutionError:
        raise
    except Exception as fault:  # it is somebody's own code: told as what it is
        raise EvolutionError(f"The target 'own:{target.text}' failed: {type(fault).__name__}: {fault}") from fault
    if not math.isfinite(value):
        raise EvolutionError(f"The target 'own:{target.text}' gave {value}: it has to be a finite number.")
    return [value]


def _is_readable(answer: str) -> bool:
    return style_of(answer) not in (*DESTROYED, "empty")


def _cosines(originals: Sequence[str], answers: Sequence[str]) -> list[float]:
    return [cosine_similarity(own, other) for own, other in zip(originals, answers, strict=True)]


def mean(items: Sequence[float]) -> float:
    """The number of a target, from its items."""
    return sum(items) / len(items)


Items = Mapping[str, Sequence[float]]
"""By the name of a target its items."""
