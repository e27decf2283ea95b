"""The rare initial word of highest frequency, RIHF: which word a mutant begins with where the original seldom does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

MOST_RARE = 1
"""A first word is rare if the original begins no more of its answers with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RareWord:
    """A word, how many answers begin with it, and whether that exceeds chance."""

    word: str
    mutant: int
    """Answers of the mutant that begin with it."""
    original: int
    of_mutant: int
    """Answers of the mutant in all."""
    of_original: int
    p: float
    """Fisher's exact test, two-sided, that both begin with it as often."""
    corrected_p: float
    """Times the number of rare words that it was chosen from (Bonferroni)."""


def rare_word(mutant: Sequence[str], original: Sequence[str], most_rare: int = MOST_RARE) -> RareWord | None:
    """The RIHF word, from the first words of the answers to the same inputs; None if the mutant has no rare one.

    Of words equally frequent, the one that the original uses least, then the first in the alphabet.
    """
    said, known = Counter(mutant), Counter(original)
    rare = [word for word in said if word and known[word] <= most_rare]
    if not rare:
        return None
    word = min(rare, key=lambda each: (-said[each], known[each], each))
    p = word_p(said[word], len(mutant), known[word], len(original))
    return RareWord(
        word=word,
        mutant=said[word],
        original=known[word],
        of_mutant=len(mutant),
        of_original=len(original),
        p=p,
        corrected_p=min(1.0, p * len(rare)),
    )


def word_p(mutant: int, of_mutant: int, original: int, of_original: int) -> float:
    """Fisher's exact test, two-sided, that a word begins answers of both as often."""
    table = [[mutant, of_mutant - mutant], [original, of_original - original]]
    return float(stats.fisher_exact(table).pvalue)
