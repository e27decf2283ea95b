"""What can be computed of published texts: cosine with the standard output, repetition, style; by all cores.

A quarter of a million texts are described in a minute; nothing of it needs a model.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import polars as pl

from explorer.domain.phenotype import DESTROYED
from explorer.generation.style import style_of
from explorer.generation.texts import cosine_similarity, repetition, words
from explorer.store.writer import PHENOTYPE_TYPES

ALONE = 2_000
"""So many texts are described before other processes would have started."""

Measures = tuple[float, float | None, str, bool]
"""Of a text: repetition, cosine, style, and whether the model is destroyed."""


def described(phenotypes: pl.DataFrame, standard: str | None) -> pl.DataFrame:
    """Phenotypes (phenotype, text, score, destructive, cosine) with what can be computed of their texts.

    As `PHENOTYPE_TYPES`; those without a text, of which nothing is known, as they are.
    """
    known = phenotypes.filter(pl.col("text").is_not_null())
    if known.is_empty():
        return kept(phenotypes, standard)
    found = pl.DataFrame(
        _measured(known["text"].to_list(), standard),
        schema={"repetition": pl.Float32, "cosine": pl.Float32, "style": pl.String, "destructive": pl.Boolean},
        orient="row",
    )
    told = known.drop("cosine", "destructive").hstack(found)
    textless = kept(phenotypes.filter(pl.col("text").is_null()), standard)
    return pl.concat([_completed(told), textless]).sort("phenotype")


def kept(phenotypes: pl.DataFrame, _standard: str | None) -> pl.DataFrame:
    """Phenotypes with what was published of them: answers to questions, and measures without a text."""
    return _completed(phenotypes.with_columns(text=pl.col("text").fill_null("")))


def _completed(phenotypes: pl.DataFrame) -> pl.DataFrame:
    """With the columns that nothing is known of."""
    nothing = {"tokens": [], "ending": "", "repetition": 0.0, "perplexity": None, "style": None}
    missing = [
        pl.lit(value, PHENOTYPE_TYPES[name]).alias(name)
        for name, value in nothing.items()
        if name not in phenotypes.columns
    ]
    return phenotypes.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in PHENOTYPE_TYPES.items())


def _measured(texts: list[str], standard: str | None) -> list[Measures]:
    measure = partial(_measures, standard)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(texts) <= ALONE or cores == 1:
        return list(map(measure, texts))
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        return list(pool.map(measure, texts, chunksize=500))


def _measures(standard: str | None, text: str) -> Measures:
    places: dict[str, int] = {}
    said = [places.setdefault(word, len(places)) for word in words(text)]
    style = style_of(text)
    cosine = None if standard is None else cosine_similarity(standard, text)
    return repetition(said), cosine, style, style in DESTROYED
