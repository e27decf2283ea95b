"""Where two texts, or two sequences of tokens, part."""

from collections.abc import Sequence


def parting(first: Sequence[object], second: Sequence[object]) -> int:
    """The first place, from 0, at which they differ; the length of the shorter one if it begins the other."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(first), len(second)))
