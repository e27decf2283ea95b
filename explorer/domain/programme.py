"""A programme: what is shown in a talk or a lesson, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.experiments import Preset

LookKind = Literal["dose", "map"]


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at beside the texts."""

    kind: LookKind
    """A dose–response curve, or the map of a matrix in a stored screen."""
    place: str = ""
    """The site of the curve, or the name of the matrix; "": that of the step's last mutation."""
    experiment: str = ""
    """Of the screen whose map it is; "": the first that has the matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One mutant, and what is told of it."""

    name: str
    title: str
    genotype: str
    """In notation; "" is the original model."""
    prompt: Prompt
    decoding: Decoding
    say: str = ""
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Steps, in their order."""

    title: str
    model: str
    """The name of the model that they are of, as the page takes it."""
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)


def step_of(preset: Preset) -> Step:
    """A preset as a step."""
    experiment = preset.experiment
    return Step(
        name=experiment.name,
        title=experiment.title,
        genotype=preset.genotype,
        prompt=experiment.prompt,
        decoding=experiment.decoding,
        say=preset.shows,
    )
