"""From a mark of a picture to one mutant: the strongest of those that the mark stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from explorer.domain.errors import StoreError
from explorer.store.frames import frame
from explorer.store.maps import Bound
from explorer.store.summaries import COSINE_BIN, FIRST_WORD, NONSILENT, SCORE

_CONDITIONS = {
    "layer": "x.layer = $layer",
    "kind": "x.kind = $kind",
    "operation": "t.operation::VARCHAR = $operation",
    "layers": "x.layer IN (SELECT unnest($layers::INTEGER[]))",
    "kinds": "x.kind IN (SELECT unnest($kinds::VARCHAR[]))",
    "operations": "t.operation::VARCHAR IN (SELECT unnest($operations::VARCHAR[]))",
    "top": "t.down >= $top",
    "bottom": "t.down < $bottom",
    "left": "t.across >= $left",
    "right": "t.across < $right",
    "first_divergence": "t.first_divergence = $first_divergence",
    "style": "p.style = $style",
    "cosine": f"{COSINE_BIN} = $cosine",
    "score": f"{SCORE} = $score",
    "first_word": f"{FIRST_WORD.format(table='p')} = $first_word",
}
"""What a mark can say of its mutants; a place goes from `top` to below `bottom`, `left` to below `right`, in units."""


def strongest(
    connection: duckdb.DuckDBPyConnection, screen: int, mark: Mapping[str, object], bound: Bound | None = None
) -> dict[str, Any]:
    """The mutant of a mark that changes most: non-silent before silent, then by its KL, then the first.

    Its matrix (layer, kind, rows, columns, unit_rows, unit_columns), down, across, operation, nonsilent, text,
    style and score. One that reaches the bound is preferred.

    Raises StoreError if there is none, or for a mark that is not one of ours.
    """
    unknown = set(mark) - set(_CONDITIONS)
    if unknown:
        raise StoreError(f"Nothing is known of {', '.join(sorted(unknown))}: draw the picture again.")
    reached = "TRUE" if bound is None else bound.condition
    conditions = " AND ".join([reached, *(_CONDITIONS[name] for name in mark)])
    answers = "JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype" if "p." in conditions else ""
    query = f"""
        WITH found AS (
            SELECT x.layer, x.kind, x.rows, x.columns, x.unit_rows, x.unit_columns, t.screen, t.down, t.across,
                   t.operation::VARCHAR AS operation, {NONSILENT} AS nonsilent, t.first_divergence, t.phenotype
            FROM mutants t JOIN matrices x ON x.screen = t.screen AND x.matrix = t.matrix {answers}
            WHERE t.screen = $screen AND t.operation <> 'control' AND {conditions}
            ORDER BY nonsilent DESC, t.overflow DESC, t.mean_kl DESC NULLS LAST, t.matrix, t.down, t.across, t.operation
            LIMIT 1
        )
        SELECT f.*, q.text, q.style, q.score, q.cosine, q.perplexity
        FROM found f LEFT JOIN phenotypes q ON q.screen = f.screen AND q.phenotype = f.phenotype
    """
    rows = frame(connection, query, screen=screen, **mark)
    if rows.is_empty() and bound is not None:
        return strongest(connection, screen, mark)
    if rows.is_empty():
        raise StoreError("No mutant of this screen is behind that mark.")
    return rows.row(0, named=True)
