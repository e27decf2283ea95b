"""How texts are compared: by their words, by their tokens, by what recurs in them. Knows no torch."""

import functools
import math
import re
from difflib import SequenceMatcher

from explorer.domain.thoughts import parted

_WORD = re.compile(r"\w+(?:'\w+)?")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def cosine_similarity(left: str, right: str) -> float:
    """Cosine of the two texts' word counts, 0 to 1; two texts without words are alike (1)."""
    (a, length), (b, other) = _counted(left), _counted(right)
    if not a and not b:
        return 1.0
    norm = math.sqrt(length * other)
    return min(1.0, sum(count * b[word] for word, count in a.items() if word in b) / norm) if norm else 0.0


@functools.lru_cache(maxsize=8)  # one of the two is often the standard output, again and again
def _counted(text: str) -> tuple[dict[str, int], int]:
    """A text's words, each with how often it occurs; and the sum of the squares of these numbers."""
    found: dict[str, int] = {}
    for word in words(text):
        found[word] = found.get(word, 0) + 1
    return found, sum(count * count for count in found.values())


def answer_similarity(original: str, mutated: str) -> float:
    """`cosine_similarity`, of the answers alone where the original thinks first, and some answer is there."""
    thoughts, said = parted(original)
    other = parted(mutated)[1]
    return cosine_similarity(said, other) if thoughts and (said or other) else cosine_similarity(original, mutated)


def share_changed(original: list[int], mutated: list[int]) -> float:
    """Share of tokens, of both texts together, that an alignment of the two leaves unmatched, 0 to 1."""
    if original == mutated:
        return 0.0
    return 1.0 - SequenceMatcher(a=original, b=mutated, autojunk=False).ratio()


def repetition(tokens: list[int], length: int = 3) -> float:
    """Share of a text's runs of `length` tokens that have occurred in it before, 0 to 1; 0 of a text too short."""
    runs = [tuple(tokens[place : place + length]) for place in range(len(tokens) - length + 1)]
    return 1.0 - len(set(runs)) / len(runs) if runs else 0.0
