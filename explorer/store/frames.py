"""A query's answer as a polars frame."""

import duckdb
import polars as pl


def frame(connection: duckdb.DuckDBPyConnection, query: str, **values: object) -> pl.DataFrame:
    """The rows of a query with its named values, such as `$screen`."""
    answer: pl.DataFrame = connection.sql(query, params=values or None).pl()
    return answer
