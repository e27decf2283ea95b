"""Phenotypes to look through: filtered, sorted, searched, grouped, and drawn at random.

The columns that are filtered and sorted by are narrow; texts are read of the phenotypes of one page alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import duckdb
import polars as pl

from explorer.store.behaviour import SHARED
from explorer.store.frames import frame
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
    "length": "length(p.text)",
    "layer": "x.layer",
}
_FINE = 1 << 48
"""Steps of a random number."""
_LAST_SIGN = "\U0010ffff"


class Span(NamedTuple):
    """From the least to the most, both included; None: no limit."""

    least: float | None = None
    most: float | None = None


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
    cosine: Span = Span()
    perplexity: Span = Span()
    least_mutants: int = 1
    """How many share it, at least."""
    destructive: bool | None = None
    least_score: int | None = None
    """Right answers, the first number of a score such as `14|2`."""
    words: str = ""
    """All of them begin some word of the text, in upper or lower case."""


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
    """The cards of a page. Those of equal place stand in the order of their numbers; the unknown stands last."""
    order = order or Order()
    found, values = _found(connection, screens, wanted, _KEYS[order.sort], order.sort == "layer")
    direction, least = ("ASC", "min") if order.is_rising else ("DESC", "max")
    if order.is_grouped:
        first = f"{least}({{'key': key, 'first': {'' if order.is_rising else '-'}phenotype::INTEGER}})"
        found += f""", grouped AS MATERIALIZED (
            SELECT screen, abs(first.first)::UINTEGER AS phenotype, first.key AS key, members FROM (
                SELECT screen, coalesce({first} FILTER (key IS NOT NULL), {first}) AS first, count(*) AS members
                FROM found GROUP BY screen, cluster
            )
        )"""
    source = "grouped" if order.is_grouped else "(SELECT *, 1 AS members FROM found)"
    query = f"""
        {found}, shown AS MATERIALIZED (
            SELECT * FROM {source} ORDER BY key {direction} NULLS LAST, screen, phenotype LIMIT $size OFFSET $start
        )
        SELECT members, total, screen, phenotype
        FROM (SELECT count(*) AS total FROM {"grouped" if order.is_grouped else "found"}) LEFT JOIN shown ON true
        ORDER BY key {direction} NULLS LAST, screen, phenotype
    """
    return _page(connection, screens, frame(connection, query, **values, size=size, start=start))


def members(connection: duckdb.DuckDBPyConnection, screen: int, cluster: int, wanted: Wanted, size: int) -> Page:
    """The phenotypes of one group that are wanted, the most shared first."""
    found, values = _found(connection, [screen], wanted, "p.mutants", has_layer=False)
    query = f"""
        {found} SELECT phenotype, screen, 1 AS members, count(*) OVER () AS total FROM found WHERE cluster = $cluster
        ORDER BY key DESC, phenotype LIMIT $size
    """
    return _page(connection, [screen], frame(connection, query, **values, cluster=cluster, size=size))


def surprise(connection: duckdb.DuckDBPyConnection, screens: Sequence[int], wanted: Wanted, seed: int) -> Page:
    """One of the phenotypes that are wanted, drawn at random: each style is as likely as any other.

    Within a style, one that has less in common with the standard output is likelier. An empty text is no surprise.
    """
    found, values = _found(connection, screens, wanted, "p.cosine", has_layer=False)
    query = f"""
        {found}, rarity AS (SELECT style, count(*) AS texts FROM found WHERE style <> 'empty' GROUP BY style)
        SELECT screen, phenotype, 1 AS members, count(*) OVER () AS total FROM found JOIN rarity USING (style)
        ORDER BY -ln((hash(screen, phenotype, $seed::BIGINT) % {_FINE} + 1) / ({_FINE} + 1)) * texts
            / (1.05 - coalesce(key, 0.5)), screen, phenotype
        LIMIT 1
    """
    return _page(connection, screens, frame(connection, query, **values, seed=seed))


def style_counts(connection: duckdb.DuckDBPyConnection, screens: Sequence[int]) -> dict[str, int]:
    """How many phenotypes there are of each style, the commonest first."""
    query = """
        SELECT style, count(*) FROM phenotypes WHERE screen IN (SELECT unnest($screens::INTEGER[])) AND style IS NOT NULL
        GROUP BY style ORDER BY count(*) DESC, style
    """
    return dict(connection.execute(query, {"screens": list(screens)}).fetchall())


def screens_with_texts(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """The screens that kept what their mutants say."""
    query = "SELECT DISTINCT screen FROM phenotypes WHERE style IS NOT NULL OR text <> ''"
    return {screen for (screen,) in connection.execute(query).fetchall()}


def _found(
    connection: duckdb.DuckDBPyConnection, screens: Sequence[int], wanted: Wanted, key: str, has_layer: bool
) -> tuple[str, dict[str, Any]]:
    """The phenotypes that are wanted, as the beginning of a query: screen, phenotype, cluster, style and sorting key."""
    conditions, values = _conditions(wanted)
    values["screens"] = list(screens)
    matches = "".join(
        f"""{place and ", " or ""}matches{place} AS MATERIALIZED ({_matches(place)})"""
        for place, _ in enumerate(words_of(wanted.words))
    )
    for place, word in enumerate(words_of(wanted.words)):
        values |= {f"word{place}": word, f"end{place}": word + _LAST_SIGN}
        values[f"pattern{place}"] = rf"(^|[^\pL\pM\pN_]){re.escape(word)}"
        conditions.append(f"(p.screen, p.phenotype) IN (SELECT screen, phenotype FROM matches{place})")
    layers = "JOIN matrices x ON x.screen = p.screen AND x.matrix = p.matrix" if has_layer else ""
    found = f"""
        WITH {matches}{", " if matches else ""} found AS MATERIALIZED (
            SELECT p.screen, p.phenotype, coalesce(p.cluster, p.phenotype) AS cluster, p.style, {key} AS key
            FROM {_source(connection, screens)} p {layers} WHERE {" AND ".join(conditions)}
        )
    """
    return found, values


def words_of(text: str) -> list[str]:
    """The words that are looked for, in lower case, each once."""
    return list(dict.fromkeys(re.findall(r"\w+", text.lower())))


def _matches(place: int) -> str:
    """The phenotypes of which a word begins with the one that is looked for: from the index, where a screen has one."""
    return f"""
        SELECT screen, unnest(phenotypes) AS phenotype FROM words
        WHERE screen IN (SELECT unnest($screens::INTEGER[])) AND word >= $word{place} AND word < $end{place}
        UNION ALL
        SELECT screen, phenotype FROM phenotypes
        WHERE screen IN (SELECT unnest($screens::INTEGER[]) EXCEPT SELECT DISTINCT screen FROM words)
            AND regexp_matches(lower(text), $pattern{place})
    """


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    conditions = [
        "p.screen IN (SELECT unnest($screens::INTEGER[]))",
        "p.mutants IS NOT NULL",
        "(p.style IS NOT NULL OR p.text <> '')",
    ]
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
    listed = f"[{', '.join(map(str, unfinished))}]"
    counted = SHARED.replace("$screens", listed)
    return f"""(
        SELECT * FROM phenotypes WHERE screen NOT IN (SELECT unnest({listed}))
        UNION ALL BY NAME
        SELECT q.* EXCLUDE (mutants, matrix, down, across, operation), n.* EXCLUDE (screen, phenotype)
        FROM phenotypes q JOIN ({counted}) n ON n.screen = q.screen AND n.phenotype = q.phenotype
    )"""


def _page(connection: duckdb.DuckDBPyConnection, screens: Sequence[int], numbers: pl.DataFrame) -> Page:
    """All that the cards of those numbers tell, in their order; each row has the total."""
    total = int(numbers["total"][0]) if len(numbers) else 0
    asked = numbers.drop_nulls("phenotype").select("screen", "phenotype", "members").with_row_index("place")
    connection.register("numbers", asked)
    query = f"""
        SELECT p.screen, p.phenotype, p.text, p.style, p.cosine, p.perplexity, p.repetition, p.destructive, p.score,
               p.mutants, coalesce(p.cluster, p.phenotype) AS cluster, x.layer, x.kind, x.rows, x.columns, x.unit_rows,
               x.unit_columns, p.down, p.across, p.operation::VARCHAR AS operation, n.members
        FROM {_source(connection, screens)} p JOIN numbers n ON n.screen = p.screen AND n.phenotype = p.phenotype
        JOIN matrices x ON x.screen = p.screen AND x.matrix = p.matrix ORDER BY n.place
    """
    try:
        return Page(cards=frame(connection, query), total=total)
    finally:
        connection.unregister("numbers")
