"""Experiments and presets: a prompt with its decoding, under a name, and genotypes worth showing on it."""

from dataclasses import dataclass, field

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A prompt with its decoding, under a name."""

    name: str
    title: str
    prompt: Prompt
    decoding: Decoding = field(default_factory=Decoding)
    purpose: str = ""
    task: Task | None = None
    """Questions that are asked instead of the prompt, which then only stands for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A genotype of the demo model with the experiment that shows what it does."""

    experiment: Experiment
    genotype: str
    """In notation."""
    shows: str
    """What to look at, in a sentence."""
    says: str
    """The beginning of the mutant's text; the original's own, word for word, where the mutant is silent."""
