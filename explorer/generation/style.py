"""What kind of text a phenotype is, by written rules: the first that holds names it (docs/styles.md).

Pure functions of a text; no model judges it. Rules look at words, lines and signs alone, so the same text always gets
the same style.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Literal, get_args

from explorer.generation.texts import words

Style = Literal[
    "empty", "loop", "code", "other language", "list", "gibberish", "dialogue", "poem", "first person", "prose"
]
STYLES: tuple[Style, ...] = get_args(Style)
"""In the order in which their rules are asked."""

_ENGLISH = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "like",
        "may",
        "me",
        "more",
        "most",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "she",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "two",
        "up",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "said",
        "here",
        "very",
        "new",
        "just",
        "over",
        "any",
        "each",
        "between",
        "through",
        "during",
    ]
)
_OTHERS = {
    "French": "le la les un une des du de et est dans pour qui que sur avec il elle nous vous ne pas ce cette au son "
    "sa ses par je tu mais ou où sont était être d'un d'une c'est l'eau",
    "Spanish": "el la los las un una de del y es en para que con por se su lo al como más pero sus este esta ser son "
    "fue muy yo tú nos hay",
    "German": "der die das ein eine und ist in zu den dem von mit für auf nicht sich als auch es an werden aus er sie "
    "wir ich hat wird bei nach wie war sind",
    "Italian": "il lo la gli le un una di del della e è in per che con non si sono ma come al nel alla da questo "
    "questa era più",
    "Portuguese": "o a os as um uma de do da e é em para que com não se por mais na no dos como mas ao seu sua são foi "
    "ele ela",
}
_FOREIGN = {language: frozenset(listed.split()) for language, listed in _OTHERS.items()}

_CODE_LINE = re.compile(
    r"""^\s*(?:
        (?:def|class|import|from|return|for|while|if|elif|else|try|except|print|public|private|static|int|void|var|let|
        const|function|package)\b.*[:;{}()]\s*$   # a statement
        | .*[;{}]\s*$                             # the end of one in C or Java
        | [\w.\[\]]+\s*[-+*/]?=\s*\S.*            # an assignment
        | [\w.]+\(.*\)\s*$                        # a call
        | (?:from\s+\w[\w.]*\s+)?import\s+\w[\w.,\s]*$
        | return\b\s*[\w\[\].+*/-]*\s*$
        | \#\s?include\b.* | ```.* | <\/?\w+[^>]*>.*
    )""",
    re.VERBOSE,
)
_TURN = re.compile(r"^\s*(?:\*\*)?[A-Z][\w .'()-]{0,24}(?:\*\*)?:(?:\*\*)?(?:\s|$)")
_ASKED = re.compile(r"^\s*(?:[\"“]|[—–]\s?)\S")
_QUOTED = re.compile(r"[\"“][^\"“”]{2,}[\"”]")
_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•]|\([a-z0-9]\)|[a-z]\))\s+\S")
_FIRST_PERSON = frozenset(["i", "me", "my", "mine", "myself", "i'm", "i've", "i'll", "i'd"])
_ODD_INSIDE = re.compile(r"[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]{3,}|[bcdfghjklmnpqrstvwxz]{5,}", re.ASCII)

LEAST_REPEATED = 0.5
"""Share of word triples that have occurred before, from which on a text is a loop."""
LEAST_FOREIGN = 0.3
"""Share of letters outside the Latin alphabet from which on a text is in another language."""
LAST_LATIN = 0x24F
LONGEST_WORD = 20
LEAST_ODD = 0.2
"""Share of words that are no words from which on a text is gibberish."""
LEAST_ENGLISH = 0.14
"""Share of an English text's words that are among its hundred commonest, at least."""
LEAST_SELF = 0.04
"""Share of the words that speak of the speaker in a first-person text, at least."""
VERSE_WORDS = 9
"""Words of a line of verse, at most, on average."""


def style_of(text: str) -> Style:
    """The style of a text: one of `STYLES`."""
    return next((style for style, holds in _RULES if holds(text)), "prose")


def _is_empty(text: str) -> bool:
    return not text.strip()


def _is_loop(text: str) -> bool:
    """It repeats itself: its words in threes, a line, or a run of signs to its end."""
    listed = words(text)
    triples = list(zip(listed, listed[1:], listed[2:], strict=False))
    if len(triples) >= 8 and 1 - len(set(triples)) / len(triples) >= LEAST_REPEATED:  # noqa: PLR2004
        return True
    lines = _lines(text)
    if len(lines) >= 4 and len(set(lines)) <= len(lines) / 2:  # noqa: PLR2004
        return True
    return bool(re.search(r"(?s)(.{1,24}?)\1{4,}\s*\S{0,24}\s*\Z", text.strip())) and len(text.strip()) >= 8  # noqa: PLR2004


def _is_code(text: str) -> bool:
    lines = _lines(text)
    marked = sum(bool(_CODE_LINE.match(line)) for line in lines)
    return "```" in text or (marked >= 2 and marked >= len(lines) / 2)  # noqa: PLR2004


def _is_foreign(text: str) -> bool:
    """Another script, or more function words of another language than of English."""
    letters = [letter for letter in text if letter.isalpha()]
    beyond = [letter for letter in letters if ord(letter) > LAST_LATIN]
    if letters and len(beyond) / len(letters) >= LEAST_FOREIGN:
        return len(set(beyond)) >= 4  # noqa: PLR2004
    listed = words(text)
    if len(listed) < 4:  # noqa: PLR2004
        return False
    english = sum(word in _ENGLISH for word in listed)
    foreign = max(([word for word in listed if word in known] for known in _FOREIGN.values()), key=len)
    return len(foreign) > max(english, 0.2 * len(listed)) and len(set(foreign)) > 1


def _is_gibberish(text: str) -> bool:
    """Words that are no words, hardly any of the words that hold English together, or signs instead of words."""
    visible = [sign for sign in text if not sign.isspace()]
    if sum(not sign.isalnum() for sign in visible) > 0.4 * len(visible):
        return True
    raw = re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text)
    odd = sum(bool(_ODD_INSIDE.search(word)) or len(word) > LONGEST_WORD for word in raw)
    if raw and odd / len(raw) >= LEAST_ODD:
        return True
    listed = words(text)
    if any(left == right for left, right in pairwise(listed)) and _repeated(listed) >= 0.25:  # noqa: PLR2004
        return True
    return len(listed) >= 8 and sum(word in _ENGLISH for word in listed) / len(listed) < LEAST_ENGLISH  # noqa: PLR2004


def _is_dialogue(text: str) -> bool:
    """Turns: lines that begin with a speaker or a quotation mark, or several quotations in one paragraph."""
    lines = _lines(text)
    turns = sum(bool(_TURN.match(line)) for line in lines)
    asked = sum(bool(_ASKED.match(line)) for line in lines)
    return (turns >= 2 and turns >= len(lines) / 3) or asked >= 2 or len(_QUOTED.findall(text)) >= 2  # noqa: PLR2004


def _is_list(text: str) -> bool:
    lines = _lines(text)
    items = sum(bool(_ITEM.match(line)) for line in lines)
    return items >= 2 and items >= len(lines) / 3  # noqa: PLR2004


def _is_poem(text: str) -> bool:
    """Three short lines and more, of which most are no whole sentence."""
    lines = _lines(text)
    if len(lines) < 3 or len(words(text)) / len(lines) > VERSE_WORDS or len(words(text)) < 2 * len(lines):  # noqa: PLR2004
        return False
    return sum(line.rstrip().endswith((".", ":")) for line in lines) <= 0.7 * len(lines)


def _is_first_person(text: str) -> bool:
    listed = words(_QUOTED.sub("", text))
    own = sum(word in _FIRST_PERSON for word in listed)
    return own >= 2 and own / len(listed) >= LEAST_SELF  # noqa: PLR2004


def _repeated(listed: list[str]) -> float:
    return 1 - len(set(listed)) / len(listed)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


_RULES: tuple[tuple[Style, Callable[[str], bool]], ...] = (
    ("empty", _is_empty),
    ("loop", _is_loop),
    ("code", _is_code),
    ("other language", _is_foreign),
    ("list", _is_list),
    ("gibberish", _is_gibberish),
    ("dialogue", _is_dialogue),
    ("poem", _is_poem),
    ("first person", _is_first_person),
)
