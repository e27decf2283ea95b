"""Pictures of what mutants say: how far from the standard output, in which styles, how many different things."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, count_of, meta_of, with_mutants
from explorer.domain.errors import StatisticsError
from explorer.figures.phenotypes import distinct_figure, distinct_layers_figure, histogram_figure, styles_figure
from explorer.statistics.filters import Filter


def cosine(atlas: Atlas, asked: Asked) -> Picture:
    """How far the texts are from the standard output."""
    with_mutants(asked.screen)
    counted = atlas.histogram(asked.screen, "cosine", asked.chosen)
    total = count_of(counted, _without(asked, "no cosine with a standard output"))
    far = int(counted.filter(pl.col("bin") < 10)["mutants"].sum())  # noqa: PLR2004  # of twenty bins, half
    figure = histogram_figure(counted, "cosine", meta=meta_of(asked, "cosine"))
    sentence = (
        f"Cosine similarity of the words of {total:,} non-silent mutants with those of the standard output: "
        f"{far:,} lie below 0.5{'' if asked.screen.is_partial else f' ({far / total:.0%})'}.{_of_listed(asked)}"
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def divergence(atlas: Atlas, asked: Asked) -> Picture:
    """Where the texts part."""
    with_mutants(asked.screen)
    counted = atlas.histogram(asked.screen, "first_divergence", asked.chosen)
    total = count_of(counted, _without(asked, "no place at which texts part"))
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
    with_mutants(asked.screen)
    counted = atlas.histogram(asked.screen, "score", asked.chosen)
    total = count_of(
        counted,
        _without(asked, "no score, for it asked no questions: a screen on a task, such as the tab Screen runs,"),
    )
    figure = histogram_figure(counted, "score", meta=meta_of(asked, "scores"))
    sentence = f"Right answers of {total:,} non-silent mutants.{_of_listed(asked)}"
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
    with_mutants(asked.screen)
    counted = atlas.styles(asked.screen, by, asked.chosen)
    total = count_of(counted, _without(asked, "no texts"))
    figure = styles_figure(counted, by, meta=meta_of(asked, f"styles_by_{by}"))
    odd = int(counted.filter(pl.col("style").is_in(["poem", "dialogue"]))["mutants"].sum())
    sentence = (
        f"Styles of the texts of {total:,} non-silent mutants by {by}, by the rules of docs/styles.md; the colour "
        f"is the square root of the share, so that rare ones show. {odd:,} are poems or dialogues."
    )
    return Picture(figure=figure, sentence=sentence, data=counted)


def distinct(atlas: Atlas, asked: Asked) -> Picture:
    """NSMs against distinct phenotypes."""
    cells = _with_phenotypes(atlas, asked)
    figure = distinct_figure(cells, meta=meta_of(asked, "distinct"))
    sentence = (
        f"A point is one of {len(cells):,} matrices: on the dotted line each NSM says something of its own, below it "
        "many say the same."
    )
    data = cells.select("layer", "kind", "nonsilent", "phenotypes")
    return Picture(figure=figure, sentence=sentence, data=data)


def distinct_by_layer(atlas: Atlas, asked: Asked) -> Picture:
    """Distinct phenotypes of each kind over the layers."""
    cells = _with_phenotypes(atlas, asked)
    figure = distinct_layers_figure(cells, meta=meta_of(asked, "distinct_by_layer"))
    by_layer = cells.group_by("layer").agg(pl.col("phenotypes").sum()).sort("phenotypes", descending=True)
    most = by_layer["layer"].head(2).sort().to_list()
    sentence = (
        f"Distinct phenotypes of each of {len(cells):,} matrices, a line a kind: most in the layers "
        f"{' and '.join(map(str, most))}."
    )
    return Picture(figure=figure, sentence=sentence, data=cells.select("layer", "kind", "phenotypes"))


def _with_phenotypes(atlas: Atlas, asked: Asked) -> pl.DataFrame:
    """The matrices with their distinct phenotypes. Raises StatisticsError where these are not known."""
    cells = atlas.overview(asked.screen, asked.chosen, has_phenotypes=True).cells
    if not cells["phenotypes"].sum():
        raise StatisticsError(_without(asked, "no distinct phenotypes: a screen that finds out the whole text"))
    return cells


def _without(asked: Asked, what: str) -> str:
    """That nothing of it is left, by the screen's own lack or by the filters."""
    if asked.chosen != Filter():
        return f"The filters leave {what.partition(':')[0]} of this screen: clear them, or choose another screen."
    what, _, other = what.partition(":")
    return f"This screen has {what}: choose {other.strip().removesuffix(',') or 'another'}."


def _of_listed(asked: Asked) -> str:
    """A further sentence on a screen that lists some mutants."""
    return " The screen lists these alone; the others are unknown." if asked.screen.is_partial else ""
