"""Words in texts, for the gallery's search: one rule for what is asked and for what is looked through.

Both are folded: compatibility forms composed (NFKC), cases folded as Unicode does, the dot of `İ` left out,
typographic apostrophes made plain. A word is a run of letters, marks, digits and underscores. A word that is asked for
begins one of the text; what has signs in it (`C++`), none but signs (`**`, an emoji), or is written in a script without
spaces (Chinese, Japanese, Thai …) is found wherever it stands.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import duckdb
import polars as pl
import pyarrow as pa
from duckdb.func import PythonUDFType

_WORD = r"\p{L}\p{M}\p{N}_\x{200C}\x{200D}"
"""The signs of words, the joiners of Indic scripts and of Persian among them."""
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_EDGES = ",.;:!?\"'()[]{}«»“”„…¿¡"
"""Signs around a word that are not meant when it is asked for."""
_PLAIN = str.maketrans({"’": "'", "‘": "'", "\u0307": None})
"""The last is the dot that `İ` leaves; those of other letters are composed with them."""


class Term(NamedTuple):
    """One of the things that a text must have."""

    text: str
    """Folded."""
    is_word: bool
    """Whether it is the beginning of a word, which the index knows; else a string."""
    begins: bool
    """Whether no letter may stand before it."""


def fold(text: str) -> str:
    """A text as it is compared."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_PLAIN)


def terms_of(asked: str) -> list[Term]:
    """What is looked for, each once; nothing for blanks alone."""
    pieces = []
    for piece in fold(asked).split():
        stripped = piece.strip(_EDGES)
        pieces.append(stripped if _has(stripped, _WORD) else piece)
    return list(dict.fromkeys(_term(piece) for piece in pieces))


def words_of(texts: pl.Series) -> pl.Series:
    """Lists of the words of texts, folded: what the index knows of them."""
    folded = pl.Series([fold(text) for text in texts.to_list()], dtype=pl.String)
    return folded.str.extract_all(f"[{_WORD}]+")


def condition(term: Term, name: str) -> tuple[str, str]:
    """Whether a text has a term, as SQL with the parameter of that name, and the parameter's value."""
    if not term.begins:
        return f"contains(folded(text), ${name})", term.text
    return f"regexp_matches(folded(text), ${name})", f"(^|[^{_WORD}]){re.escape(term.text)}"


def teach(connection: duckdb.DuckDBPyConnection) -> None:
    """Have a connection know `folded`."""
    known = "SELECT function_name FROM duckdb_functions() WHERE function_name = 'folded'"
    if not connection.execute(known).fetchall():
        connection.create_function("folded", _folded, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)


def _folded(texts: pa.ChunkedArray) -> pa.Array:
    return pa.array([None if text is None else fold(text) for text in texts.to_pylist()], pa.string())


def _term(piece: str) -> Term:
    begins = _has(piece[0], _WORD) and not _has(piece[0], _UNSPACED)
    is_word = begins and not _has(piece, f"^{_WORD}") and not _has(piece, _UNSPACED)
    return Term(piece, is_word, begins)


def _has(text: str, signs: str) -> bool:
    """Whether one of some signs is in a text."""
    return bool(pl.Series([text]).str.contains(f"[{signs}]").item())
