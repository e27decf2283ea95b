"""Thoughts and answers."""

import pytest

from explorer.domain.thoughts import parted, thought_count


@pytest.mark.parametrize(
    ("pieces", "thoughts", "answer", "count"),
    [
        (["Paris", " is"], "", "Paris is", 0),
        (["<think>", "\n", "Hm", ".", "</think>", "\n\n", "Paris", " is"], "Hm.", "Paris is", 6),
        (["Hm", ".", "</think>", "\n\nParis"], "Hm.", "Paris", 3),
        (["<think>", "Hm", " and"], "Hm and", "", 3),
        (["<think>", "\n\n", "</think>", "\n\n", "Paris"], "", "Paris", 4),
        (["<", "think", ">", "Hm", "</", "think", ">", "", "Paris"], "Hm", "Paris", 8),
        ([], "", "", 0),
        (["a <think> in", " a text"], "", "a <think> in a text", 0),
    ],
)
def test_thoughts_and_answer_are_parted(pieces: list[str], thoughts: str, answer: str, count: int) -> None:
    assert parted("".join(pieces)) == (thoughts, answer)
    assert thought_count(pieces) == count
