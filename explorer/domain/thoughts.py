"""What a model thinks before it answers, between `<think>` and `</think>`, apart from the answer."""

from collections.abc import Sequence

_OPEN, _CLOSE = "<think>", "</think>"


def parted(text: str) -> tuple[str, str]:
    """Thoughts and answer. A text without thoughts is an answer; one whose thoughts have no end has no answer yet."""
    thoughts, close, answer = text.partition(_CLOSE)
    if close:  # some templates open the thoughts themselves
        return thoughts.removeprefix(_OPEN).strip(), answer.lstrip()
    return (text.strip().removeprefix(_OPEN).strip(), "") if text.lstrip().startswith(_OPEN) else ("", text)


def thought_count(pieces: Sequence[str]) -> int:
    """How many of a text's tokens are thoughts, with their marks and the blanks after them."""
    thoughts, answer = parted("".join(pieces))
    if not thoughts and answer == "".join(pieces):
        return 0
    left = len(answer)
    for place in range(len(pieces) - 1, -1, -1):
        if left <= 0:
            return place + 1
        left -= len(pieces[place])
    return 0
