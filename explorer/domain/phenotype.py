"""What a mutant says, and what is known of it."""

from dataclasses import dataclass

DESTROYED = ("loop", "gibberish")
"""Styles of a text that a destroyed model writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phenotype:
    """One answer of a mutant, however many mutants give it."""

    text: str
    tokens: tuple[int, ...]
    """The token that ended it included."""
    ending: str
    """Why it ended, as `generation.transcript.End` names it."""
    cosine: float | None
    """Of its words' counts and the baseline's, 0 to 1; None of the answers to a task, as the two that follow."""
    repetition: float
    """Share of its runs of three tokens that have occurred in it before, 0 to 1."""
    perplexity: float | None
    """Under the unmutated model, after the prompt; None of an empty answer."""
    style: str | None
    """As `generation.style` names it."""
    score: str | None = None
    """Of a task: right answers of the questions that the original gets right, and of the others, such as `14|2`."""
    names_nothing: bool = False
    """Of a task: no answer is one of the choices."""

    @property
    def is_destructive(self) -> bool:
        """Whether the model is destroyed: it overflows, goes round in a loop, writes what nobody can read, or names
        no choice of any question."""
        return self.ending == "overflow" or self.style in DESTROYED or self.names_nothing
