"""Pictures of what mutants say: how far from the standard output, in which styles, how many different things."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, count_of, meta_of
from explorer.domain.errors import StatisticsError
from explorer.figures.phenotypes import distinct_figure, histogram_figure, styles_figure


def cosine(atlas: Atlas, asked: Asked) -> Picture:
    """How far the texts are from the standard output."""
    counted = atlas.histogram(asked.screen, "cosine", asked.chosen)
    total = count_of(counted)
    far = int(counted.filter(pl.col("bin") < 10)["mutants"].sum())  # noqa: PLR2004  # of twenty bins, half
    figure = histogram_figure(counted, "cosine", meta=meta_of(asked, "cosine"))
    sentence = (
        f"Cosine similarity of the words of {total:,} non-silent mutants with those of the standard output: "
        f"{far / total:.0%} lie below 0.5."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def divergence(atlas: Atlas, asked: Asked) -> Picture:
    """Where the texts part."""
    counted = atlas.histogram(asked.screen, "first_divergence", asked.chosen)
    total = count_of(counted)
    first = int(counted.filter(pl.col("bin") == 0)["mutants"].sum())
    figure = histogram_figure(counted, "first_divergence", meta=meta_of(asked, "divergence"))
    if asked.screen.task is not None:
        figure.update_layout(xaxis_title_text="question, counted from 0, that is answered otherwise first")
        sentence = (
            f"The first question that {total:,} non-silent mutants answer otherwise than the standard; the first "
            f"{len(asked.screen.task.right)} are those that it gets right."
        )
        return Picture(figure=figure, sentence=sentence, data=counted)
    sentence = (
        f"The token at which {total:,} non-silent mutants part from the standard output: {first / total:.0%} do at the "
        "first."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def scores(atlas: Atlas, asked: Asked) -> Picture:
    """How many of a task's questions are answered right."""
    counted = atlas.histogram(asked.screen, "score", asked.chosen)
    total = int(counted["mutants"].sum())
    if not total:
        raise StatisticsError("This screen asked no questions: choose one on a task, or start one in the tab Screen.")
    figure = histogram_figure(counted, "score", meta=meta_of(asked, "scores"))
    sentence = f"Right answers of {total:,} non-silent mutants."
    if (task := asked.screen.task) is not None:
        standard, asked_in_all = len(task.right), len(task.right) + len(task.wrong)
        better = int(counted.filter(pl.col("bin") > standard)["mutants"].sum())
        sentence = (
            f"Right answers of {total:,} non-silent mutants to {asked_in_all} questions, of which the standard gets "
            f"{standard}: {better:,} get more. Among so many, some do by chance."
        )
    return Picture(figure=figure, sentence=sentence, data=counted)


def styles_by_kind(atlas: Atlas, asked: Asked) -> Picture:
    """Which kinds give which styles."""
    return _styles(atlas, asked, "kind")


def styles_by_layer(atlas: Atlas, asked: Asked) -> Picture:
    """Which layers give which styles."""
    return _styles(atlas, asked, "layer")


def _styles(atlas: Atlas, asked: Asked, by: str) -> Picture:
    counted = atlas.styles(asked.screen, by, asked.chosen)
    total = count_of(counted)
    figure = styles_figure(counted, by, meta=meta_of(asked, f"styles_by_{by}"))
    odd = int(counted.filter(pl.col("style").is_in(["poem", "dialogue"]))["mutants"].sum())
    sentence = (
        f"Styles of the texts of {total:,} non-silent mutants by {by}, by the rules of docs/styles.md; the colour "
        f"is the square root of the share, so that rare ones show. {odd:,} are poems or dialogues."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def distinct(atlas: Atlas, asked: Asked) -> Picture:
    """NSMs against distinct phenotypes."""
    cells = atlas.overview(asked.screen, asked.chosen, has_phenotypes=True).cells
    if not cells["phenotypes"].sum():
        raise StatisticsError("This screen kept no texts: run one that finds out the whole text.")
    figure = distinct_figure(cells, meta=meta_of(asked, "distinct"))
    sentence = (
        f"A point is one of {len(cells):,} matrices: on the dotted line each NSM says something of its own, below it "
        "many say the same."
    )
    data = cells.select("layer", "kind", "nonsilent", "phenotypes")
    return Picture(figure=figure, sentence=sentence, data=data)
