"""What kind of text a phenotype is, by written rules: the first that holds names it (docs/styles.md).

Pure functions of a text; no model judges it. Rules look at words, lines and signs alone, so the same text always gets
the same style.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args

from explorer.generation.texts import words

Style = Literal[
    "empty", "loop", "code", "other language", "list", "gibberish", "dialogue", "poem", "first person", "prose"
]
STYLES: tuple[Style, ...] = get_args(Style)
"""In the order in which their rules are asked."""

_HOLDING = (
    "a about after all also an and are as at be because been but by can could did do does for from had has have "
    "he her him his how i if in into is it its like may me more most my no not of on one only or other our out "
    "she so some such than that the their them then there these they this to two up was we were what when where "
    "which who will with would you your said here very new just over any each between through during"
)
COMMON = frozenset(_HOLDING.split())
"""Of an English text's words, those that hold it together."""
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
_STAMP = r"(?:\[[\d:., -]+\]\s*)?"
"""What a chat log puts before a turn."""
_TURN = re.compile(rf"^\s*{_STAMP}(?:\*\*)?[A-Z][\w .'()-]{{0,24}}(?:\*\*)?:(?:\*\*)?(?:\s|$)")
_LOW_TURN = re.compile(
    rf"^\s*{_STAMP}(?:\*\*)?([^\W\d][\w.'-]*(?: [\w.'-]+){{0,2}})(?: \([^)]*\))?(?:\*\*)? ?:(?:\*\*)?(?:\s|$)"
)
"""A turn of a speaker whose name may be written small."""
_RUN_TURN = re.compile(r"(?:^|\s)([A-Z]\w{0,12}|[a-z]{1,10}):\s")
"""A turn in the midst of a line."""
_ASKED = re.compile(r"^\s*(?:[\"“]|['‘](?=[A-Z].*['’])|[—–]\s?)\S")
_DASHED = re.compile(r"^\s*-\s*\S")
_QUOTED = re.compile(r"[\"“][^\"“”]{2,}[\"”]|(?<!\w)['‘](?=[A-Z])[^'‘’\n]*(?:\w['’]\w[^'‘’\n]*)*[,.?!…-]['’](?!\w)")
_REPLY = re.compile(
    r"^(?:yes|yeah|yep|no|nope|ok|okay|oh|hi|hello|hey|thanks|thank you|sure|um|uh|well)\b", re.IGNORECASE
)
_QUESTION = re.compile(
    r"^(?:who|what|where|when|why|how|is|are|am|was|were|do|does|did|can|could|will|would|have|has|may|shall)\b|\?\s*$",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[^\w\s]|_")
_INNER_END = re.compile(r"[.!?]['\"”’)]?\s+\S")
_FINAL_SIGN = re.compile(r"[.,;:!?…—–-]['\"”’)]?\s*$")
_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•]|\([a-z0-9]\)|[a-z]\))\s+\S")
_SELF, _SELVES = "i me my mine myself i'm i've i'll i'd im ive", "we us our ours ourselves we're we've we'll we'd"
_FIRST_PERSON = frozenset(_SELF.split())
_FIRST_PERSONS = frozenset(_SELVES.split())
_ODD_INSIDE = re.compile(r"[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]{3,}|[bcdfghjklmnpqrstvwxz]{5,}", re.ASCII)

_NO_SENTENCE = re.compile(
    r"\b(?:an?|the)\s+(?:of|the|an?|and|to|in|from|with|by|at|on|was|is|were|had|been|if|when|it|be|for|or|that|under|as|but)"
    r"\b(?!['’:-])"
)
"""An article before a word that does not follow one; `the A:` has a speaker."""
_DOUBLED = re.compile(r"\b(\w+) \1\b")
_TAIL_LOOP = re.compile(r"(?s)\S{0,24}\s*(.{1,24}?)\1{4,}")
"""Something that is repeated to the end, of a text read backwards."""

LEAST_REPEATED = 0.5
"""Share of word triples that have occurred before, from which on a text is a loop; of verse, which has refrains,
`LEAST_REFRAIN`."""
LEAST_REFRAIN = 0.7
LEAST_FOREIGN = 0.3
"""Share of letters outside the Latin alphabet from which on a text is in another language."""
LAST_LATIN = 0x24F
LONGEST_WORD = 20
LEAST_ODD = 0.2
"""Share of words that are no words from which on a text is gibberish."""
LEAST_ENGLISH = 0.14
"""Share of an English text's words that are among its hundred commonest, at least; and at most `MOST_ENGLISH`."""
MOST_ENGLISH = 0.85
LEAST_SELF = 0.04
"""Share of the words that speak of the speaker in a first-person text, at least."""
VERSE_WORDS, LONG_VERSE_WORDS = 9, 12
"""Words of a line of verse, at most, on average; the latter where most lines end with a sign."""


class _Text:
    """A text with what several rules ask of it, each found once."""

    def __init__(self, text: str) -> None:
        self.whole = text

    @cached_property
    def words(self) -> list[str]:
        return words(self.whole)

    @cached_property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.whole.splitlines() if line.strip()]

    @cached_property
    def english(self) -> float:
        """Share of the words that hold English together."""
        return sum(word in COMMON for word in self.words) / len(self.words) if self.words else 0.0

    @cached_property
    def odd(self) -> float:
        """Share of the words that are none."""
        if not _ODD_INSIDE.search(self.whole) and max(map(len, self.words), default=0) <= LONGEST_WORD:
            return 0.0
        raw = re.findall(r"[^\W_]+(?:['’][^\W_]+)?", self.whole)
        return (
            sum(bool(_ODD_INSIDE.search(word)) or len(word) > LONGEST_WORD for word in raw) / len(raw) if raw else 0.0
        )

    @cached_property
    def misplaced(self) -> float:
        """Share of the words that cannot follow the one before them."""
        low = self.whole.lower()
        wrong = len(_NO_SENTENCE.findall(low))
        if any(left == right and left in COMMON for left, right in pairwise(self.words)):
            wrong += sum(word in COMMON for word in _DOUBLED.findall(low))
        return wrong / len(self.words) if wrong >= 2 else 0.0  # noqa: PLR2004

    @cached_property
    def is_wordy(self) -> bool:
        """Whether it is made of words that stand together as those of a language do."""
        return self.odd < LEAST_ODD / 2 and self.misplaced < LEAST_MISPLACED and self.has_english

    @cached_property
    def has_english(self) -> bool:
        """Whether enough of its words, or of verse of its different words, hold English together."""
        if self.english >= LEAST_ENGLISH or not self.is_verse:
            return self.english >= LEAST_ENGLISH
        different = set(self.words)
        return len(different & COMMON) / max(1, len(different)) >= LEAST_ENGLISH

    @cached_property
    def is_verse(self) -> bool:
        """Three short lines and more, that end where a sentence or a phrase does."""
        lines = self.lines
        if len(lines) < 3:  # noqa: PLR2004
            return False
        long, signed = len(self.words) / len(lines), sum(bool(_FINAL_SIGN.search(line)) for line in lines)
        inner = sum(len(_INNER_END.findall(line)) for line in lines)
        cut = sum(line.rpartition(" ")[2].lower() in COMMON for line in lines[:-1])
        if inner >= 2 and inner > signed and cut >= len(lines) / 4:  # noqa: PLR2004  # prose, broken anywhere
            return False
        most = LONG_VERSE_WORDS if signed >= len(lines) / 2 and inner <= signed / 2 else VERSE_WORDS
        return MIN_VERSE_WORDS <= long <= most


LEAST_MISPLACED = 0.02
"""Share of misplaced words from which on a text is gibberish."""
MIN_VERSE_WORDS = 1.5


def style_of(text: str) -> Style:
    """The style of a text: one of `STYLES`."""
    said = _Text(text)
    return next((style for style, holds in _RULES if holds(said)), "prose")


def _is_empty(text: _Text) -> bool:
    return not text.whole.strip()


def _is_loop(text: _Text) -> bool:
    """It repeats itself: its words in threes, a line, or a run of signs to its end."""
    triples = list(zip(text.words, text.words[1:], text.words[2:], strict=False))
    has_refrain = text.is_verse and text.is_wordy
    least = LEAST_REFRAIN if has_refrain else LEAST_REPEATED
    if len(triples) >= 8 and 1 - len(set(triples)) / len(triples) >= least:  # noqa: PLR2004
        return True
    if len(text.lines) >= 4 and len(set(text.lines)) <= (1 - least) * len(text.lines):  # noqa: PLR2004
        return True
    stripped = text.whole.strip()
    return len(stripped) >= 8 and bool(_TAIL_LOOP.match(stripped[::-1]))  # noqa: PLR2004


def _is_code(text: _Text) -> bool:
    marked = sum(bool(_CODE_LINE.match(line)) for line in text.lines)
    return "```" in text.whole or (marked >= 2 and marked >= len(text.lines) / 2)  # noqa: PLR2004


def _is_foreign(text: _Text) -> bool:
    """Another script, or more function words of another language than of English."""
    if not text.whole.isascii():
        letters = [letter for letter in text.whole if letter.isalpha()]
        beyond = [letter for letter in letters if ord(letter) > LAST_LATIN]
        if letters and len(beyond) / len(letters) >= LEAST_FOREIGN:
            return len(set(beyond)) >= 4  # noqa: PLR2004
    if len(text.words) < 4:  # noqa: PLR2004
        return False
    least = max(text.english, 0.2) * len(text.words)
    counted = Counter(text.words)
    for known in _FOREIGN.values():
        found = known & counted.keys()
        if len(found) > 1 and sum(counted[word] for word in found) > least:
            return True
    return False


def _is_gibberish(text: _Text) -> bool:
    """Words that are no words, hardly any of the words that hold English together or none else, or signs."""
    if len(_SIGN.findall(text.whole)) > 0.4 * len("".join(text.whole.split())):
        return True
    if text.odd >= LEAST_ODD or text.misplaced >= LEAST_MISPLACED:
        return True
    is_doubled = any(left == right for left, right in pairwise(text.words))
    if is_doubled and not text.is_verse and _repeated(text.words) >= 0.5:  # noqa: PLR2004
        return True
    return len(text.words) >= 8 and not LEAST_ENGLISH <= text.english <= MOST_ENGLISH  # noqa: PLR2004


def _is_script(text: _Text) -> bool:
    """Turns: lines that begin with a speaker, a dash or a quotation mark; or speakers that come again in a line."""
    lines = text.lines
    turns = sum(bool(_TURN.match(line)) for line in lines)
    if turns >= 2 and turns >= len(lines) / 3:  # noqa: PLR2004
        return True
    names = Counter(found[1].lower() for line in lines if (found := _LOW_TURN.match(line)))
    spoken = sum(names.values())
    if spoken >= max(3, len(lines) / 3) and _come_again(names):
        return True
    if spoken >= max(3, len(lines) / 2) and max(names.values()) >= 3:  # noqa: PLR2004  # one of them is always there
        return True
    dashed = [line for line in lines if _DASHED.match(line)]
    if len(dashed) >= 2 and sum("?" in line for line in dashed) >= len(dashed) / 4:  # noqa: PLR2004
        return True
    if sum(bool(_ASKED.match(line)) for line in lines) >= 2:  # noqa: PLR2004
        return True
    if text.whole.count(":") < 4:  # noqa: PLR2004
        return False
    names = Counter(name.lower() for name in _RUN_TURN.findall(text.whole))
    return sum(names.values()) >= 4 and _come_again(names)  # noqa: PLR2004


def _come_again(names: Mapping[str, int]) -> bool:
    """Whether speakers take turns: a few names, most of which occur more than once."""
    return 2 <= len(names) <= 6 and sum(count > 1 for count in names.values()) >= len(names) / 2  # noqa: PLR2004


def _is_dialogue(text: _Text) -> bool:
    """As `_is_script`; or several quotations in a paragraph, or lines that ask and answer each other."""
    if _is_script(text) or len(_QUOTED.findall(text.whole)) >= 2:  # noqa: PLR2004
        return True
    asked = sum(bool(_QUESTION.search(line)) for line in text.lines)
    replies = sum(bool(_REPLY.match(line)) for line in text.lines)
    return len(text.lines) >= 4 and replies >= 2 and asked >= 2 and replies + asked >= len(text.lines) / 3  # noqa: PLR2004


def _is_list(text: _Text) -> bool:
    items = sum(bool(_ITEM.match(line)) for line in text.lines)
    if items < 2 or items < len(text.lines) / 3:  # noqa: PLR2004
        return False
    dashed = [line for line in text.lines if _DASHED.match(line)]
    return not (len(dashed) == items and sum("?" in line for line in dashed) >= len(dashed) / 4)


def _is_poem(text: _Text) -> bool:
    """Verse of which most lines are no whole sentence, unless they are very short or begin alike; no labels."""
    if not text.is_verse or sum(bool(_LOW_TURN.match(line)) for line in text.lines) >= len(text.lines) / 2:
        return False
    ended = sum(line.endswith((".", ":")) for line in text.lines)
    begun = Counter(line.split()[0].lower() for line in text.lines)
    is_short = len(text.words) / len(text.lines) <= 6 and len(text.lines) >= 5  # noqa: PLR2004
    return ended <= 0.7 * len(text.lines) or is_short or max(begun.values()) >= len(text.lines) / 2


def _is_first_person(text: _Text) -> bool:
    listed = words(_QUOTED.sub("", text.whole))
    own = sum(word in _FIRST_PERSON for word in listed)
    ours = sum(word in _FIRST_PERSONS for word in listed)
    if own >= 2 and own / len(listed) >= LEAST_SELF:  # noqa: PLR2004
        return True
    return own + ours >= 4 and (own + ours) / len(listed) >= 1.5 * LEAST_SELF  # noqa: PLR2004


def _repeated(listed: list[str]) -> float:
    return 1 - len(set(listed)) / len(listed)


_RULES: tuple[tuple[Style, Callable[[_Text], bool]], ...] = (
    ("empty", _is_empty),
    ("loop", _is_loop),
    ("code", _is_code),
    ("other language", _is_foreign),
    ("list", _is_list),
    ("dialogue", lambda text: text.is_wordy and _is_dialogue(text)),
    ("poem", lambda text: text.is_wordy and _is_poem(text)),
    ("gibberish", _is_gibberish),
    ("dialogue", _is_dialogue),
    ("poem", _is_poem),
    ("first person", _is_first_person),
)
