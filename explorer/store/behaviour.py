"""What the gallery reads of a screen's phenotypes: how many mutants share each, one of them, its group and words.

Stored when a screen is finished, as the summaries are. Of one that is not, mutants and one of them are counted by the
same query when they are asked for; its phenotypes are not grouped yet, and its words are looked for in the texts.
"""

from __future__ import annotations

import duckdb
import polars as pl

from explorer.store.alike import groups, tokens_of
from explorer.store.frames import frame
from explorer.store.search import words_of

TEXTS_TOGETHER = 10_000
LEAST_INDEXED = 20_000
"""Phenotypes of a screen from which on its words are stored; those of fewer texts are found by reading them."""

SHARED = """
    SELECT screen, phenotype, mutants, strongest.matrix, strongest.down, strongest.across, strongest.operation
    FROM (
        SELECT screen, phenotype, count(*)::UINTEGER AS mutants, min({
            'is_finite': NOT overflow, 'kl': -coalesce(mean_kl, -1), 'matrix': matrix, 'down': down, 'across': across,
            'operation': operation
        }) AS strongest
        FROM mutants WHERE screen IN (SELECT unnest($screens::INTEGER[])) AND operation <> 'control'
            AND phenotype IS NOT NULL
        GROUP BY ALL
    )
"""
"""Of each phenotype its mutants, controls left out, and the strongest of them, in the order of `doors.strongest`."""

LENGTH = "CASE WHEN {table}.style IS NOT NULL OR {table}.text <> '' THEN length({table}.text) END"
"""Letters and signs of a phenotype's text; null if it was published without one."""

_TEXTS = """
    SELECT phenotype, text FROM phenotypes WHERE screen = $screen AND length IS NOT NULL
    ORDER BY mutants DESC, phenotype
"""


def count_shared(connection: duckdb.DuckDBPyConnection, screen: int) -> None:
    """Store of each phenotype of a screen how many mutants share it, and the strongest of them."""
    connection.execute(
        f"""
        UPDATE phenotypes AS p
        SET mutants = s.mutants, matrix = s.matrix, down = s.down, across = s.across, operation = s.operation,
            length = {LENGTH.format(table="p")}
        FROM ({SHARED}) s WHERE p.screen = s.screen AND p.phenotype = s.phenotype
        """,
        {"screens": [screen]},
    )


def describe(connection: duckdb.DuckDBPyConnection, screen: int) -> None:
    """Store all of it, in place of what is there: for a screen that is finished."""
    count_shared(connection, screen)
    connection.execute("DELETE FROM words WHERE screen = ?", [screen])
    texts = frame(connection, _TEXTS, screen=screen)
    if texts.is_empty():
        return
    tokens = tokens_of(texts["text"])
    numbers = texts["phenotype"].to_numpy()
    found = pl.DataFrame({"phenotype": numbers, "cluster": numbers[groups(tokens)]})
    connection.register("found", found)
    connection.execute(
        "UPDATE phenotypes AS p SET cluster = f.cluster FROM found f WHERE p.screen = ? AND p.phenotype = f.phenotype",
        [screen],
    )
    connection.unregister("found")
    if len(texts) >= LEAST_INDEXED:
        _store_words(connection, screen, texts)


def _store_words(connection: duckdb.DuckDBPyConnection, screen: int, texts: pl.DataFrame) -> None:
    """Of each word the phenotypes that have it, rising; some texts after the other, for their words fill the memory."""
    parts = []
    for part in texts.iter_slices(TEXTS_TOGETHER):
        said = part.select("phenotype", word=words_of(part["text"])).explode("word", empty_as_null=False)
        parts.append(said.unique().group_by("word").agg("phenotype"))
    listed = pl.concat(parts).group_by("word").agg(pl.col("phenotype").explode().sort()).sort("word")
    connection.register("said", listed)
    connection.execute(
        "INSERT INTO words BY NAME SELECT $screen AS screen, word, phenotype AS phenotypes FROM said ORDER BY word",
        {"screen": screen},
    )
    connection.unregister("said")
