"""The lab record in a database: entries are added, looked for, tagged, noted on and deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from explorer.domain.decoding import Decoding, Prompt, read_extras
from explorer.domain.record import METRIC_NAMES, NEWEST, Entry, Facets, Order, Page, Run, Setup, Wanted
from explorer.store.frames import frame
from explorer.store.search import fold, teach

PAGE = 50
"""Entries a page."""
MOST_MARKS = 5000
"""Entries of a timeline; of more, the newest."""

_SETUP = tuple(field.name for field in fields(Setup))
_DECODING = tuple(field.name for field in fields(Decoding))
_COLUMNS = (
    "time", "kind", *_SETUP, "genotypes", "prompt", "chat", *_DECODING, "original", "mutated", "tags", "note", "link",
    "detail",
)  # fmt: skip
_INSERT = f"""
    INSERT INTO runs (run, {", ".join(_COLUMNS)}, metrics)
    VALUES (nextval('run_numbers'), {", ".join(f"${name}" for name in _COLUMNS)},
            map($metric_names::VARCHAR[], $metric_values::DOUBLE[]))
    RETURNING run
"""
_SEARCHED = """
    folded(concat_ws(' ', array_to_string(genotypes, ' '), prompt, original, mutated, note, array_to_string(tags, ' ')))
"""
_PLAIN = "plain_prompt"
"""In `detail`: control tokens of the prompt were taken as text."""
_EXTRAS = "prompt_extras"
"""In `detail`: what went with the prompt, as `Prompt.extras` has it."""
_OF_NUMBERS = "run IN (SELECT unnest($numbers::UINTEGER[]))"


def add(connection: duckdb.DuckDBPyConnection, time: datetime, setup: Setup, run: Run) -> int:
    """Keep a run that ended at a time; its number."""
    said = {name: getattr(setup, name) for name in _SETUP}
    said |= {name: getattr(run.decoding, name, None) for name in _DECODING}
    values = {
        **said,
        "time": time.astimezone(UTC).replace(tzinfo=None),
        "kind": run.kind,
        "genotypes": list(run.genotypes),
        "prompt": run.prompt.text if run.prompt else None,
        "chat": run.prompt.chat if run.prompt else None,
        "original": run.original,
        "mutated": run.mutated,
        "tags": [],
        "note": "",
        "link": run.link,
        "detail": json.dumps(_detail(run), ensure_ascii=False),
        "metric_names": list(run.metrics),
        "metric_values": list(run.metrics.values()),
    }
    ((number,),) = connection.execute(_INSERT, values).fetchall()
    return int(number)


def page(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted, order: Order = NEWEST, number: int = 0, size: int = PAGE
) -> Page:
    """A page of the entries that are wanted, of so many a page; the last one for a number beyond it."""
    conditions, values = _conditions(connection, wanted)
    ((total,),) = connection.execute(f"SELECT count(*) FROM runs WHERE {conditions}", values).fetchall()
    number = max(0, min(number, (total - 1) // size))
    sorting, sorted_by = _sorting(order)
    query = f"SELECT * FROM runs WHERE {conditions} ORDER BY {sorting} LIMIT {size} OFFSET {number * size}"
    return Page(entries=_entries(connection, query, {**values, **sorted_by}), total=total, number=number)


def page_of(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted, order: Order, run: int, size: int = PAGE
) -> int | None:
    """The page on which an entry is found; None if it is not among those that are wanted."""
    conditions, values = _conditions(connection, wanted)
    sorting, sorted_by = _sorting(order)
    query = f"SELECT run FROM runs WHERE {conditions} ORDER BY {sorting}"
    numbers = [number for (number,) in connection.execute(query, {**values, **sorted_by}).fetchall()]
    return numbers.index(run) // size if run in numbers else None


def entries(connection: duckdb.DuckDBPyConnection, numbers: Iterable[int]) -> tuple[Entry, ...]:
    """The entries of some numbers that are still there, in the order of the numbers."""
    asked = list(numbers)
    found = _entries(connection, f"SELECT * FROM runs WHERE {_OF_NUMBERS}", {"numbers": asked})
    by_number = {entry.number: entry for entry in found}
    return tuple(by_number[number] for number in asked if number in by_number)


def timeline(connection: duckdb.DuckDBPyConnection, metric: str, wanted: Wanted) -> pl.DataFrame:
    """One metric of the entries that have it, oldest first: run, time (UTC), kind, model, genotype, prompt, value."""
    conditions, values = _conditions(connection, wanted)
    query = f"""
        SELECT run, time, kind, model, array_to_string(genotypes, '  |  ') AS genotype, prompt,
               metrics[$metric] AS value
        FROM runs WHERE {conditions} AND metrics[$metric] IS NOT NULL
        ORDER BY run DESC LIMIT {MOST_MARKS}
    """
    return frame(connection, query, metric=metric, **values).sort("run")


def facets(connection: duckdb.DuckDBPyConnection) -> Facets:
    """What the entries can be filtered and sorted by."""

    def listed(expression: str) -> list[str]:
        query = f"SELECT DISTINCT {expression} AS each FROM runs ORDER BY each"
        return [each for (each,) in connection.execute(query).fetchall()]

    metrics = listed("unnest(map_keys(metrics))")
    known = [name for name in METRIC_NAMES if name in metrics]
    others = [name for name in metrics if name not in METRIC_NAMES]
    return Facets(models=tuple(listed("model")), tags=tuple(listed("unnest(tags)")), metrics=(*known, *others))


def tag(connection: duckdb.DuckDBPyConnection, numbers: Sequence[int], name: str) -> None:
    """Give some entries a tag."""
    connection.execute(
        f"UPDATE runs SET tags = list_sort(list_distinct(list_append(tags, $name))) WHERE {_OF_NUMBERS}",
        {"numbers": list(numbers), "name": name},
    )


def untag(connection: duckdb.DuckDBPyConnection, numbers: Sequence[int], name: str) -> None:
    """Take a tag from some entries."""
    connection.execute(
        f"UPDATE runs SET tags = list_filter(tags, lambda each: each <> $name) WHERE {_OF_NUMBERS}",
        {"numbers": list(numbers), "name": name},
    )


def note(connection: duckdb.DuckDBPyConnection, number: int, text: str) -> None:
    """Set the note of an entry."""
    connection.execute("UPDATE runs SET note = $text WHERE run = $number", {"number": number, "text": text})


def delete(connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> None:
    """Take some entries out of the record, for good."""
    connection.execute(f"DELETE FROM runs WHERE {_OF_NUMBERS}", {"numbers": list(numbers)})


def _conditions(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """What the wanted entries meet, as SQL with its values."""
    values: dict[str, Any] = {}
    found = ["true"]

    def add_condition(sql: str, name: str, value: object) -> None:
        if value:
            found.append(sql)
            values[name] = value

    words = fold(wanted.words).split()
    if words:
        teach(connection)
    for place, word in enumerate(words):
        add_condition(f"contains({_SEARCHED}, $word{place})", f"word{place}", word)
    add_condition("kind IN (SELECT unnest($kinds::VARCHAR[]))", "kinds", list(wanted.kinds))
    add_condition("model IN (SELECT unnest($models::VARCHAR[]))", "models", list(wanted.models))
    add_condition("list_has_all(tags, $tags::VARCHAR[])", "tags", list(wanted.tags))
    add_condition("time >= $since", "since", _naive(wanted.since))
    add_condition("time < $until", "until", _naive(wanted.until))
    return " AND ".join(found), values


def _detail(run: Run) -> dict[str, Any]:
    """What has no column of its own."""
    if run.prompt is None:
        return dict(run.detail)
    extras = {_EXTRAS: run.prompt.extras} if run.prompt.extras else {}
    return {**run.detail, **({_PLAIN: True} if run.prompt.plain else {}), **extras}


def _naive(time: datetime | None) -> datetime | None:
    return time and time.astimezone(UTC).replace(tzinfo=None)


def _sorting(order: Order) -> tuple[str, dict[str, Any]]:
    way = "DESC" if order.descending else "ASC"
    if order.metric is None:
        return f"run {way}", {}
    return f"metrics[$metric] {way} NULLS LAST, run DESC", {"metric": order.metric}


def _entries(connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, Any]) -> tuple[Entry, ...]:
    answer = connection.execute(query, values)
    names = [name for name, *_ in answer.description or ()]
    return tuple(_entry(dict(zip(names, row, strict=True))) for row in answer.fetchall())


def _entry(row: Mapping[str, Any]) -> Entry:
    decoding, detail = {name: row[name] for name in _DECODING}, json.loads(row["detail"])
    plain, extras = bool(detail.pop(_PLAIN, False)), read_extras(detail.pop(_EXTRAS, {}))
    prompt = None if row["prompt"] is None else Prompt(text=row["prompt"], chat=row["chat"], plain=plain, **extras)
    run = Run(
        kind=row["kind"],
        genotypes=tuple(row["genotypes"]),
        prompt=prompt,
        decoding=None if row["max_new_tokens"] is None else Decoding(**decoding),
        original=row["original"],
        mutated=row["mutated"],
        metrics=dict(row["metrics"]),
        link=row["link"],
        detail=detail,
    )
    return Entry(
        number=row["run"],
        time=row["time"].replace(tzinfo=UTC),
        setup=Setup(**{name: row[name] for name in _SETUP}),
        run=run,
        tags=tuple(row["tags"]),
        note=row["note"],
    )
