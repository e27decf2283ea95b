"""What was found when a model was tried at loading: which of its computations agree with plain ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which shortcuts give what the plain procedure gives. What does not is computed plainly."""

    rows: str = ""
    """Why original and mutants cannot share a batch, as the end of a sentence; "": they can."""
    slow: Mapping[str, str] = field(default_factory=dict)
    """Kinds of module whose mutations cannot be patched into a row of a batch, each with the reason."""
    idle: tuple[str, ...] = ()
    """Kinds of module that take no part in reading texts, such as those for images."""
    slow_share: float = 0.0
    """The share of the weights that `slow` holds, 0 to 1."""
    placed: bool = True
    """Whether positions that are told are those that the model counts itself."""
    tuples: bool = False
    """Whether its layers hand their hidden states on in a tuple."""
    whole: bool = True
    """Whether one pass over a text gives what was predicted at each of its tokens."""
    cached: bool = True
    """Whether the model's own cache gives what a pass over all tokens gives."""
    resumes: bool = True
    """Whether a pass can start at a layer, from what enters it."""
    packed: bool = True
    """Whether texts with a common beginning fit into one row."""
    ragged: bool = True
    """Whether texts of different lengths can grow in one batch."""
    drafted: bool = True
    """Whether they can also grow by several tokens at once, from what enters a layer. A screen is slower without."""

    @property
    def is_fast(self) -> bool:
        """Whether every shortcut agrees."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is slower, as ends of sentences."""
        found = [self.rows] if self.rows else []
        if not self.rows and self.slow:
            kinds = ", ".join(self.slow) if len(self.slow) <= SHOWN else f"{len(self.slow)} kinds of weights"
            share = "under 0.1" if self.slow_share < LEAST else f"{100 * self.slow_share:.1f}"
            found.append(f"mutations of {kinds} ({share} % of the weights) are computed one by one")
        named = (
            (self.rows or self.whole, "what it predicts depends on what follows"),
            (self.cached, "its cache does not give its own text"),
            (self.rows or self.resumes, "no pass can start in the middle of it"),
            (self.rows or self.packed, "its questions do not fit into one row"),
            (self.rows or self.ragged, "its texts cannot grow in one batch"),
        )
        return (*found, *(reason for is_right, reason in named if not is_right))

    @property
    def sentence(self) -> str:
        """For the head of the page: `checked: fast`."""
        return "checked: fast" if self.is_fast else f"checked: exact, slower, because {'; '.join(self.reasons)}"


LEAST = 0.001
"""A share that is told as a number, at least."""

SHOWN = 3
"""Kinds of module that a sentence names, at most."""
