"""Phenotypes to look through: filtered, sorted, searched, grouped, and drawn at random.

The columns that are filtered and sorted by are narrow; texts are read of the phenotypes of one page alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, NamedTuple, get_args

import duckdb
import polars as pl

from explorer.store.behaviour import LENGTH, SHARED
from explorer.store.frames import frame
from explorer.store.search import Term, condition, teach, terms_of
from explorer.store.summaries import growing

Sort = Literal["mutants", "cosine", "perplexity", "repetition", "length", "layer"]
SORTS: tuple[Sort, ...] = get_args(Sort)
PAGE = 24
"""Cards of a page."""

_KEYS: dict[Sort, str] = {
    "mutants": "p.mutants",
    "cosine": "p.cosine",
    "perplexity": "p.perplexity",
    "repetition": "p.repetition",
    "length": "p.length",
    "layer": "x.layer",
}
_FIRST_OF_GROUPS = """
    SELECT f.* EXCLUDE (style), g.members FROM found f JOIN (
        SELECT screen, cluster, count(*) AS members, max(mutants::UBIGINT << 32 | (4294967295 - phenotype)) AS first
        FROM found GROUP BY screen, cluster
    ) g ON g.screen = f.screen AND f.phenotype = 4294967295 - (g.first & 4294967295)
"""
"""Of each group the most shared phenotype, and of several the first."""
_NOTHING = "SELECT 0 AS total, screen, phenotype, NULL AS members FROM found LIMIT 0"
_FINE = 1 << 48
"""Steps of a random number."""
_LAST_SIGN = "\U0010ffff"


class Span(NamedTuple):
    """From the least to the most, both included; None: no limit."""

    least: float | None = None
    most: float | None = None


ANY = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which phenotypes; what is empty or None leaves all of them."""

    styles: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    """Of the strongest mutant, as the next two."""
    kinds: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    experiments: tuple[str, ...] = ()
    """Their names."""
    cosine: Span = ANY
    perplexity: Span = ANY
    least_mutants: int = 1
    """How many share it, at least."""
    destructive: bool | None = None
    least_score: int | None = None
    """Right answers, the first number of a score such as `14|2`."""
    words: str = ""
    """All of them are in the text, see `store.search`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How phenotypes are sorted, and whether those that are nearly the same are one."""

    sort: Sort = "mutants"
    is_rising: bool = False
    is_grouped: bool = False


class Page(NamedTuple):
    """Some of the phenotypes that were asked for."""

    cards: pl.DataFrame
    """Columns screen, phenotype, text, style, cosine, perplexity, repetition, destructive, score, mutants, cluster,
    layer, kind, rows, columns, unit_rows, unit_columns, down, across, operation; and `members`: how many of those that
    were asked for the card stands for."""
    total: int
    """All cards that there are."""


def page(
    connection: duckdb.DuckDBPyConnection,
    screens: Sequence[int],
    wanted: Wanted,
    order: Order | None = None,
    *,
    start: int = 0,
    size: int = PAGE,
) -> Page:
    """The cards of a page. Those of equal place stand in the order of their numbers; the unknown stands last.

    A group is shown by the most shared of its phenotypes that are wanted.
    """
    order = order or Order()
    found, values = _found(connection, screens, wanted, order)
    if order.is_grouped and wanted != Wanted():
        found += f", shown AS MATERIALIZED ({_FIRST_OF_GROUPS})"
    else:
        found += ", shown AS (SELECT *, NULL AS members FROM found)"
    query = f"""
        {found}, few AS (
            SELECT * FROM shown ORDER BY key {"ASC" if order.is_rising else "DESC"} NULLS LAST, screen, phenotype
            LIMIT $size OFFSET $start
        )
        SELECT total, screen, phenotype, members FROM (SELECT count(*) AS total FROM shown) LEFT JOIN few ON true
        ORDER BY key {"ASC" if order.is_rising else "DESC"} NULLS LAST, screen, phenotype
    """
    numbers = frame(connection, query, **values, size=size, start=start)
    return _page(connection, screens, numbers, is_grouped=order.is_grouped)


def members(connection: duckdb.DuckDBPyConnection, screen: int, cluster: int, wanted: Wanted, size: int) -> Page:
    """The phenotypes of one group that are wanted, the most shared first."""
    found, values = _found(connection, [screen], wanted, Order())
    query = f"""
        {found} SELECT count(*) OVER () AS total, screen, phenotype, NULL AS members FROM found
        WHERE cluster = $cluster ORDER BY key DESC, phenotype LIMIT $size
    """
    return _page(connection, [screen], frame(connection, query, **values, cluster=cluster, size=size))


def surprise(connection: duckdb.DuckDBPyConnection, screens: Sequence[int], wanted: Wanted, seed: int) -> Page:
    """One of the phenotypes that are wanted, drawn at random: each style is as likely as any other.

    Within a style, one that has less in common with the standard output is likelier. An empty text is no surprise.
    """
    found, values = _found(connection, screens, wanted, Order(sort="cosine"), "p.style")
    styles = connection.execute(f"{found} SELECT DISTINCT style FROM found", values).fetchall()
    names = sorted(name or "" for (name,) in styles if name != "empty")
    if not names:
        return _page(connection, screens, frame(connection, f"{found} {_NOTHING}", **values))
    style = Random(seed).choice(names)
    query = f"""
        {found} SELECT count(*) OVER () AS total, screen, phenotype, NULL AS members FROM found
        WHERE coalesce(style, '') = $style
        ORDER BY -ln((hash(screen, phenotype, $seed::BIGINT) % {_FINE} + 1) / ({_FINE} + 1))
            / (1.05 - coalesce(key, 0.5)), screen, phenotype
        LIMIT 1
    """
    return _page(connection, screens, frame(connection, query, **values, seed=seed, style=style))


def style_counts(connection: duckdb.DuckDBPyConnection, screens: Sequence[int]) -> dict[str, int]:
    """How many phenotypes there are of each style, the commonest first."""
    query = f"""
        SELECT style, count(*) FROM phenotypes WHERE style IS NOT NULL AND {_of(screens)}
        GROUP BY style ORDER BY count(*) DESC, style
    """
    return dict(connection.execute(query).fetchall())


def screens_with_texts(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """The screens that kept what their mutants say."""
    query = "SELECT DISTINCT screen FROM phenotypes WHERE length IS NOT NULL OR style IS NOT NULL"
    return {screen for (screen,) in connection.execute(query).fetchall()}


def kinds_of(connection: duckdb.DuckDBPyConnection, screens: Sequence[int]) -> list[str]:
    """The kinds of matrices that were screened, in the order of the first layer that has them."""
    query = f"SELECT kind FROM matrices WHERE {_of(screens)} GROUP BY kind ORDER BY min(layer), min(matrix), kind"
    return [kind for (kind,) in connection.execute(query).fetchall()]


def _found(
    connection: duckdb.DuckDBPyConnection, screens: Sequence[int], wanted: Wanted, order: Order, more: str = "NULL"
) -> tuple[str, dict[str, Any]]:
    """The beginning of a query, and its values: `found` has screen, phenotype, cluster, mutants, style and sorting key.

    Of groups that are wanted whole it has the phenotypes that lead them, which are the most shared.
    """
    conditions, values = _conditions(wanted)
    conditions.append(_of(screens, "p."))
    if order.is_grouped and wanted == Wanted():
        conditions.append("coalesce(p.cluster, p.phenotype) = p.phenotype")
    parts = []
    indexed = {screen for (screen,) in connection.execute("SELECT DISTINCT screen FROM words").fetchall()}
    terms = terms_of(wanted.words)
    if terms:
        teach(connection)
    for place, term in enumerate(terms):
        matches, of_term = _matches(place, term, screens, indexed)
        values |= of_term
        parts.append(f"matches{place} AS MATERIALIZED ({matches})")
        conditions.append(f"(p.screen, p.phenotype) IN (SELECT screen, phenotype FROM matches{place})")
    layers = "JOIN matrices x ON x.screen = p.screen AND x.matrix = p.matrix" if order.sort == "layer" else ""
    parts.append(f"""found AS MATERIALIZED (
        SELECT p.screen, p.phenotype, coalesce(p.cluster, p.phenotype) AS cluster, p.mutants, {more} AS style,
               {_KEYS[order.sort]} AS key
        FROM {_source(connection, screens)} p {layers} WHERE {" AND ".join(conditions)}
    )""")
    return "WITH " + ", ".join(parts), values


def _matches(place: int, term: Term, screens: Sequence[int], indexed: set[int]) -> tuple[str, dict[str, Any]]:
    """The phenotypes that have a term, from the index where a screen has one and it knows such; and the values."""
    with_index = sorted(set(screens) & indexed) if term.is_word else []
    others = sorted(set(screens) - set(with_index))
    queries: list[str] = []
    values: dict[str, Any] = {}
    if with_index:
        queries.append(f"""
            SELECT screen, unnest(phenotypes) AS phenotype FROM words
            WHERE word >= $word{place} AND word < $end{place} AND {_of(with_index)}
        """)
        values |= {f"word{place}": term.text, f"end{place}": term.text + _LAST_SIGN}
    if others or not with_index:
        has_term, value = condition(term, f"term{place}")
        queries.append(f"SELECT screen, phenotype FROM phenotypes WHERE {_of(others)} AND {has_term}")
        values[f"term{place}"] = value
    return " UNION ALL ".join(queries), values


def _of(screens: Sequence[int], table: str = "") -> str:
    """That a row is of one of some screens: written out, so that the rows of others are not read."""
    return f"{table}screen IN ({', '.join(str(int(screen)) for screen in screens)})" if screens else "false"


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    conditions = ["p.length IS NOT NULL"]
    asked: dict[str, tuple[str, object, bool]] = {
        "styles": ("p.style IN (SELECT unnest($styles::VARCHAR[]))", list(wanted.styles), bool(wanted.styles)),
        "operations": (
            "p.operation::VARCHAR IN (SELECT unnest($operations::VARCHAR[]))",
            list(wanted.operations),
            bool(wanted.operations),
        ),
        "kinds": (_of_matrices("kind IN (SELECT unnest($kinds::VARCHAR[]))"), list(wanted.kinds), bool(wanted.kinds)),
        "layers": (
            _of_matrices("layer IN (SELECT unnest($layers::INTEGER[]))"), list(wanted.layers), bool(wanted.layers)
        ),
        "experiments": (
            "p.screen IN (SELECT s.screen FROM screens s JOIN experiments e USING (experiment) "
            "WHERE e.name IN (SELECT unnest($experiments::VARCHAR[])))",
            list(wanted.experiments),
            bool(wanted.experiments),
        ),
        "least_mutants": ("p.mutants >= $least_mutants", wanted.least_mutants, wanted.least_mutants > 1),
        "destructive": (
            "coalesce(p.destructive, false) = $destructive", wanted.destructive, wanted.destructive is not None
        ),
        "least_score": (
            "try_cast(split_part(p.score, '|', 1) AS INTEGER) >= $least_score",
            wanted.least_score,
            wanted.least_score is not None,
        ),
    }  # fmt: skip
    for name in ("cosine", "perplexity"):
        span: Span = getattr(wanted, name)
        asked[f"least_{name}"] = (f"p.{name} >= $least_{name}", span.least, span.least is not None)
        asked[f"most_{name}"] = (f"p.{name} <= $most_{name}", span.most, span.most is not None)
    said = {name: (condition, value) for name, (condition, value, is_asked) in asked.items() if is_asked}
    conditions += [condition for condition, _ in said.values()]
    return conditions, {name: value for name, (_, value) in said.items()}


def _of_matrices(condition: str) -> str:
    return f"(p.screen, p.matrix) IN (SELECT screen, matrix FROM matrices WHERE {condition})"


def _source(connection: duckdb.DuckDBPyConnection, screens: Sequence[int]) -> str:
    """The phenotypes; those of screens that grow, with what is counted of their mutants now."""
    unfinished = growing(connection, screens)
    if not unfinished:
        return "phenotypes"
    counted = SHARED.replace("$screens", f"[{', '.join(map(str, unfinished))}]")
    return f"""(
        SELECT * FROM phenotypes WHERE NOT {_of(unfinished)}
        UNION ALL BY NAME
        SELECT q.* EXCLUDE (mutants, matrix, down, across, operation, length), n.* EXCLUDE (screen, phenotype),
               {LENGTH.format(table="q")} AS length
        FROM phenotypes q JOIN ({counted}) n ON n.screen = q.screen AND n.phenotype = q.phenotype
    )"""


def _page(
    connection: duckdb.DuckDBPyConnection, screens: Sequence[int], numbers: pl.DataFrame, *, is_grouped: bool = False
) -> Page:
    """All that the cards of those numbers tell, in their order; each row has the total."""
    total = int(numbers["total"][0]) if len(numbers) else 0
    asked = numbers.drop_nulls("phenotype").select("screen", "phenotype", pl.col("members").cast(pl.Int64))
    query = f"""
        SELECT p.screen, p.phenotype, p.text, p.style, p.cosine, p.perplexity, p.repetition, p.destructive, p.score,
               p.mutants, coalesce(p.cluster, p.phenotype) AS cluster, x.layer, x.kind, x.rows, x.columns, x.unit_rows,
               x.unit_columns, p.down, p.across, p.operation::VARCHAR AS operation
        FROM {_source(connection, screens)} p JOIN matrices x ON x.screen = p.screen AND x.matrix = p.matrix
        WHERE {_among(asked, "p", "phenotype")}
    """
    cards = asked.join(frame(connection, query), on=["screen", "phenotype"], maintain_order="left")
    if is_grouped and cards["members"].has_nulls():
        leading = _among(cards, "c", "cluster")
        query = f"SELECT screen, cluster, count(*) AS whole FROM phenotypes c WHERE {leading} GROUP BY ALL"
        cards = cards.join(frame(connection, query), on=["screen", "cluster"], how="left", maintain_order="left")
        cards = cards.with_columns(members=pl.coalesce("members", "whole")).drop("whole")
    return Page(cards=cards.with_columns(pl.col("members").fill_null(1)), total=total)


def _among(rows: pl.DataFrame, table: str, column: str) -> str:
    """That a row is one of those, by its screen and a column: written out, so that the rows of others are not read."""
    parts = [
        f"{table}.screen = {screen} AND {table}.{column} IN ({', '.join(map(str, group[column]))})"
        for (screen,), group in rows.group_by("screen", maintain_order=True)
    ]
    return f"({' OR '.join(parts)})" if parts else "false"
