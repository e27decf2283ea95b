"""Texts that are nearly the same, put into groups: MinHash finds candidates, their Jaccard similarity decides.

Knows words and numbers alone: no database. The same texts in the same order make the same groups everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy  # its parts are imported when they are first named

LEAST_ALIKE = 0.6
"""Jaccard similarity of the word pairs of two texts from which on they are alike: about one word in ten differs."""

BANDS, ROWS = 16, 3
"""Of a MinHash signature; two texts meet in a band if its rows agree: 98 % of those at the threshold meet somewhere."""

_TEXTS_TOGETHER = 20_000
_SIGNED_TOGETHER = 1 << 13
_SHINGLE_BITS = 48
_ONE, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
"""Odd numbers that spread what they are multiplied with."""
_PAIRS_TOGETHER = 1 << 15

_Numbers = npt.NDArray[np.uint64]
_Places = npt.NDArray[np.int64]
_Whole = TypeVar("_Whole", np.uint64, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tokens:
    """The words of some texts, in lower case."""

    words: list[str]
    """Each once."""
    codes: npt.NDArray[np.int32]
    """Of the words of all texts, one text after the other: places in `words`."""
    starts: _Places
    """[texts + 1]: where each text begins in `codes`."""


def tokens_of(texts: pl.Series) -> Tokens:
    """The words of texts: runs of letters, digits and underscores, in lower case."""
    known = pl.DataFrame(schema={"word": pl.String, "code": pl.Int32})
    codes, counts = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for part in pl.DataFrame({"text": texts}).iter_slices(_TEXTS_TOGETHER):
        listed = part["text"].str.to_lowercase().str.extract_all(r"\w+")
        counts.append(listed.list.len().to_numpy().astype(np.int64))
        said = pl.DataFrame({"word": listed.explode(empty_as_null=False)})
        new = said.unique(maintain_order=True).join(known, on="word", how="anti", maintain_order="left")
        known = pl.concat([known, new.with_row_index("code", len(known)).select("word", pl.col("code").cast(pl.Int32))])
        codes.append(said.join(known, on="word", how="left", maintain_order="left")["code"].to_numpy())
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    return Tokens(words=known["word"].to_list(), codes=np.concatenate(codes), starts=starts)


def groups(tokens: Tokens) -> _Places:
    """Of each text the place of the one that leads its group, itself or an earlier one that it is alike.

    A text without words is alike no other. In each round a text follows the first of those that it is alike among the
    first of its buckets; whoever follows nobody leads, and who follows a follower tries again in the next round.
    """
    shingles, signatures = _shingled(tokens)
    leader = np.arange(len(tokens.starts) - 1)
    left = np.flatnonzero(np.diff(shingles.indptr))
    while len(left):
        followed = _followed(shingles, left, _first_met(signatures[left]))
        leads = followed == np.arange(len(left))
        is_led = leads[followed]
        leader[left[is_led]] = left[followed[is_led]]
        left = left[~is_led]
    return leader


def jaccard(shingles: scipy.sparse.csr_array, left: _Places, right: _Places) -> npt.NDArray[np.float64]:
    """Of pairs of rows: shingles that both have, of all that one has."""
    sizes = np.diff(shingles.indptr)
    common = np.concatenate(
        [
            np.diff(shingles[left[start:end]].multiply(shingles[right[start:end]]).tocsr().indptr)
            for start, end in _parts(len(left), _PAIRS_TOGETHER)
        ]
        or [np.empty(0, np.int64)]
    )
    return np.asarray(common / np.maximum(1, sizes[left] + sizes[right] - common))


def once(values: npt.NDArray[_Whole]) -> npt.NDArray[_Whole]:
    """The values sorted, each once; of many that differ, several times as fast as `np.unique`."""
    values = np.sort(values)
    is_new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=is_new[1:])
    return values[is_new]


def _followed(shingles: scipy.sparse.csr_array, left: _Places, candidates: _Places) -> _Places:
    """Of each text the first of its candidates [texts, bands] that it is alike, or itself; all are places in `left`."""
    text = np.broadcast_to(np.arange(len(left))[:, None], candidates.shape)
    is_other = candidates != text
    pairs = once(text[is_other] * np.int64(len(left)) + candidates[is_other])
    text, candidate = np.divmod(pairs, len(left))
    alike = jaccard(shingles, left[text], left[candidate]) >= LEAST_ALIKE
    followed = np.arange(len(left))
    np.minimum.at(followed, text[alike], candidate[alike])
    return followed


def _first_met(signatures: _Numbers) -> _Places:
    """Of each text and band [texts, bands] the place of the first text that is in the same bucket."""
    first = np.empty(signatures.shape, np.int64)
    for band in range(signatures.shape[1]):
        _, index, inverse = np.unique(signatures[:, band], return_index=True, return_inverse=True)
        first[:, band] = index[inverse]
    return first


def _shingled(tokens: Tokens) -> tuple[scipy.sparse.csr_array, _Numbers]:
    """The set of word pairs of each text, hashed, as rows of a matrix; and its buckets [texts, bands]."""
    hashes = np.array([int.from_bytes(blake2b(word.encode(), digest_size=8).digest()) for word in tokens.words], "u8")
    count = len(tokens.starts) - 1
    every, filled = np.empty(max(len(tokens.codes), count), np.int64), 0  # a text has no more pairs than words
    sizes = np.zeros(count, np.int64)
    signatures = np.zeros((count, BANDS), np.uint64)
    for start, end in _parts(count, _SIGNED_TOGETHER):
        shingles, rows = _pairs(tokens, hashes, start, end)
        sizes[start:end] = np.bincount(rows, minlength=end - start)
        every[filled : filled + len(shingles)] = shingles
        filled += len(shingles)
        has_any = np.flatnonzero(sizes[start:end])
        if len(has_any):
            begins = np.cumsum(sizes[start:end])[has_any] - sizes[start:end][has_any]
            signatures[start + has_any] = _signed(shingles, begins)
    pointers = np.concatenate([[0], np.cumsum(sizes)])
    matrix = scipy.sparse.csr_array(
        (np.ones(filled, np.int8), every[:filled], pointers), shape=(count, 1 << _SHINGLE_BITS)
    )
    matrix.has_canonical_format = True
    return matrix, signatures


def _pairs(tokens: Tokens, hashes: _Numbers, start: int, end: int) -> tuple[_Numbers, _Places]:
    """The pairs of neighbouring words of some texts, and their rows: sorted, each once a text.

    A text of a single word has that as its only one.
    """
    begins, low = tokens.starts[start : end + 1], tokens.starts[start]
    words = hashes[tokens.codes[low : begins[-1]]]
    rows = np.repeat(np.arange(end - start), np.diff(begins))
    following = np.append(words[1:], np.uint64(0))
    is_last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    is_only = (np.diff(begins) == 1)[rows]
    mixed = words * _ONE + np.where(is_last, np.uint64(0), following[: len(words)] * _OTHER)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * _OTHER
    keys = (rows.astype(np.uint64) << np.uint64(_SHINGLE_BITS)) | (mixed >> np.uint64(64 - _SHINGLE_BITS))
    keys = once(keys[~is_last | is_only])
    return keys & np.uint64((1 << _SHINGLE_BITS) - 1), (keys >> np.uint64(_SHINGLE_BITS)).astype(np.int64)


def _signed(shingles: _Numbers, begins: _Places) -> _Numbers:
    """The buckets [texts, bands] of texts whose shingles begin there."""
    random = np.random.default_rng(0)
    factors = random.integers(0, 1 << 63, (BANDS, ROWS), np.uint64) * np.uint64(2) + np.uint64(1)
    signed = np.zeros((len(begins), BANDS), np.uint64)
    for band in range(BANDS):
        for factor in factors[band]:
            spread = shingles * factor
            least = np.minimum.reduceat(spread ^ (spread >> np.uint64(29)), begins)
            signed[:, band] = (signed[:, band] ^ least) * _ONE
    return signed


def _parts(count: int, size: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + size, count)) for start in range(0, count, size))
