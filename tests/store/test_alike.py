"""Groups of nearly equal texts, against the exact Jaccard similarity of their word pairs."""

import random
from itertools import pairwise

import numpy as np
import polars as pl

from explorer.store.alike import LEAST_ALIKE, groups, tokens_of

WORDS = [f"word{number}" for number in range(60)]


def _pairs(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(pairwise(words)) or {tuple(words)}


def _jaccard(one: str, other: str) -> float:
    left, right = _pairs(one), _pairs(other)
    return len(left & right) / len(left | right)


def _texts(count: int) -> list[str]:
    """Some that differ from an earlier one in a few words, and others."""
    drawn = random.Random(0)
    texts: list[str] = []
    for _ in range(count):
        words = drawn.choices(WORDS, k=drawn.randint(1, 40))
        if texts and drawn.random() < 0.7:
            words = drawn.choice(texts).split()
            for _ in range(drawn.randint(0, 3)):
                words[drawn.randrange(len(words))] = drawn.choice(WORDS)
        texts.append(" ".join(words))
    return list(dict.fromkeys(texts))


def test_every_member_is_alike_its_leader_and_hardly_a_pair_is_missed() -> None:
    texts = _texts(600)
    leaders = groups(tokens_of(pl.Series(texts)))
    assert np.array_equal(leaders[leaders], leaders)
    for place, leader in enumerate(leaders):
        assert leader <= place
        assert _jaccard(texts[place], texts[leader]) >= LEAST_ALIKE
    exact: list[int] = []  # the leaders, if each text were compared with all of those before it
    for place, text in enumerate(texts):
        if not any(_jaccard(text, texts[leader]) >= LEAST_ALIKE for leader in exact):
            exact.append(place)
    followers = len(texts) - len(exact)
    assert followers > 150
    assert len(texts) - len(np.unique(leaders)) > 0.95 * followers


def test_the_same_texts_make_the_same_groups() -> None:
    texts = pl.Series(_texts(200))
    assert np.array_equal(groups(tokens_of(texts)), groups(tokens_of(texts)))


def test_case_and_signs_do_not_count_and_texts_without_words_stay_apart() -> None:
    texts = pl.Series(["The sea is blue.", "the SEA is blue!", "", "\n\n", "…", "sea", "Sea!", "sea sky"])
    assert groups(tokens_of(texts)).tolist() == [0, 0, 2, 3, 4, 5, 5, 7]
    assert groups(tokens_of(pl.Series([], dtype=pl.String))).tolist() == []


def test_words_are_each_listed_once() -> None:
    tokens = tokens_of(pl.Series(["b a b", "", "A c"]))
    assert tokens.words == ["b", "a", "c"]
    assert tokens.codes.tolist() == [0, 1, 0, 1, 2]
    assert tokens.starts.tolist() == [0, 3, 3, 5]
