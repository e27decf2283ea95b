"""Votes of blind tests in a database: kept one by one, read as a frame."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import duckdb
import polars as pl

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import BlindMode, Choice
from explorer.store.frames import frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One vote, with all that was shown."""

    visitor: str
    """The name that the person chose; may be empty."""
    model: str
    fingerprint: str
    first: str
    """The reference, in notation; empty: the original."""
    second: str
    prompt: Prompt
    decoding: Decoding
    first_text: str
    second_text: str
    swapped: bool
    """Whether the second genotype's text was shown as text 1."""
    mode: BlindMode
    choice: Choice


def add_vote(connection: duckdb.DuckDBPyConnection, ballot: Ballot) -> None:
    """Keep a vote, with the present time."""
    row = asdict(ballot)
    prompt, decoding = row.pop("prompt"), row.pop("decoding")
    row |= {
        "time": datetime.now(UTC).replace(tzinfo=None),
        "prompt": prompt["text"],
        "chat": prompt["chat"],
        **decoding,
    }
    places = ", ".join(f"${name}" for name in row)
    connection.execute(f"INSERT INTO votes ({', '.join(row)}) VALUES ({places})", row)


def stored_votes(connection: duckdb.DuckDBPyConnection, fingerprint: str, first: str, second: str) -> pl.DataFrame:
    """All votes between two genotypes of a model, the oldest first."""
    return frame(
        connection,
        "SELECT * FROM votes WHERE fingerprint = $fingerprint AND first = $first AND second = $second ORDER BY time",
        fingerprint=fingerprint,
        first=first,
        second=second,
    )
