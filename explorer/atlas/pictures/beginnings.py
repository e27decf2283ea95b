"""Pictures of how texts begin: unusual first words, where their mutants lie, and how far their texts are."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, count_of, meta_of, with_mutants
from explorer.domain.errors import StatisticsError
from explorer.figures.counted import counted_figure
from explorer.figures.marks import mark
from explorer.figures.nsm import nsm_figure
from explorer.figures.phenotypes import beginnings_figure, split_figure
from explorer.statistics.beginnings import split_histogram, unusual_words
from explorer.store.maps import Bound

MOST_WORDS = 20
"""Words that are drawn."""
_NOTHING = "This screen has no texts that the filters leave: choose one of texts, or clear them."
_MEANING = "neither the standard output nor everyday English has it"


def first_words(atlas: Atlas, asked: Asked) -> Picture:
    """The most frequent unusual first words."""
    found = _beginnings(atlas, asked)
    words, total = unusual_words(found), count_of(found, _NOTHING)
    if words.is_empty():
        raise StatisticsError(f"All {total:,} texts begin with usual words: {_MEANING.replace('neither', 'either')}.")
    odd = int(words["mutants"].sum())
    figure = beginnings_figure(words.head(MOST_WORDS), meta=meta_of(asked, "first_words"))
    sentence = (
        f"{odd:,} of {total:,} non-silent mutants begin with an unusual word ({_MEANING}), {len(words):,} words in "
        "all; the study's RIHF words are such. Click a bar for a mutant."
    )
    return Picture(figure=figure, sentence=sentence, data=words)


def word_matrices(atlas: Atlas, asked: Asked) -> Picture:
    """How many mutants of each matrix begin with the chosen word."""
    word, found = _of_word(atlas, asked)
    cells = found.group_by("layer", "kind").agg(count=pl.col("mutants").sum()).sort("layer", "kind")
    marks = [mark(layer=layer, kind=kind, first_word=word) for layer, kind in cells.select("layer", "kind").rows()]
    cells = cells.with_columns(mark=pl.Series(marks, dtype=pl.String))
    figure = counted_figure(
        cells, asked.screen.layers, what=f"begin with “{word}”", meta=meta_of(asked, "word_matrices")
    )
    sentence = f"{int(cells['count'].sum()):,} mutants whose texts begin with “{word}”, in {len(cells):,} matrices."
    return Picture(figure=figure, sentence=sentence, data=cells.drop("mark"), numbers={"word": word})


def word_map(atlas: Atlas, asked: Asked) -> Picture:
    """The map of one matrix: its mutants whose texts begin with the chosen word."""
    word, found = _of_word(atlas, asked)
    counted = found.group_by("layer", "kind").agg(pl.col("mutants").sum()).sort("mutants", descending=True)
    names = [f"{row['layer']}.{row['kind']}" for row in counted.iter_rows(named=True)]
    matrix = asked.matrix if asked.matrix in names else names[0]
    drawn = atlas.map(asked.screen, matrix, asked.window, Bound(measure="first_word", value=word))
    shown = int(asked.chosen.rows(drawn.cells)["shown"].sum())
    figure = nsm_figure(drawn, asked.chosen, meta=meta_of(asked, "word_map"))
    sentence = f"{matrix}: {shown:,} mutants whose texts begin with “{word}”; the bars count them by row and column."
    return Picture(figure=figure, sentence=sentence, data=drawn.cells, numbers={"matrix": matrix, "word": word})


def cosine_by_first_word(atlas: Atlas, asked: Asked) -> Picture:
    """How far texts are from the standard output, by whether they begin with a usual word."""
    counted = split_histogram(_beginnings(atlas, asked))
    total = count_of(counted, "This screen has no cosine with a standard output: choose one of texts.")
    odd = counted.filter(~pl.col("is_usual"))
    far = int(odd.filter(pl.col("cosine") < 10)["mutants"].sum())  # noqa: PLR2004  # of twenty bins, half
    count = int(odd["mutants"].sum())
    share = f"; {far / count:.0%} of these lie below 0.5" if count else ""
    figure = split_figure(counted, meta=meta_of(asked, "cosine_by_first_word"))
    sentence = f"{count:,} of {total:,} non-silent mutants begin with an unusual word ({_MEANING}){share}."
    return Picture(figure=figure, sentence=sentence, data=counted)


def words_of(atlas: Atlas, asked: Asked) -> list[str]:
    """The unusual first words of a screen, the most frequent first. Raises StatisticsError."""
    return unusual_words(_beginnings(atlas, asked)).head(MOST_WORDS)["word"].to_list()


def _beginnings(atlas: Atlas, asked: Asked) -> pl.DataFrame:
    with_mutants(asked.screen)
    found = atlas.beginnings(asked.screen, asked.chosen)
    if found.is_empty():
        raise StatisticsError(_NOTHING)
    return found


def _of_word(atlas: Atlas, asked: Asked) -> tuple[str, pl.DataFrame]:
    """The chosen word, or the most frequent unusual one, and the rows that begin with it."""
    found = _beginnings(atlas, asked)
    words = unusual_words(found)["word"].to_list()
    word = asked.word.strip().lower() or (words[0] if words else "")
    rows = found.filter(pl.col("word") == word)
    if not word or rows.is_empty():
        known = f": it has {', '.join(words[:5])}" if words else ""
        raise StatisticsError(f"No text of this screen begins with “{word}”{known}." if word else
                              "No text of this screen begins with an unusual word.")  # fmt: skip
    return word, rows
