"""Runs of tasks as the lab record keeps them: what was asked, and the numbers that tell what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.domain.record import Run
from explorer.reports.comparison import verdicts
from explorer.reports.explore import finite
from explorer.statistics.comparison import COSINE, KL, PERPLEXITY, READABLE, RIGHT, Contrast
from explorer.statistics.first_words import Ranked, rare_words_of
from explorer.tasks.comparison import Compared, called
from explorer.tasks.writers import Written

_OF_SECOND = {KL: "mean_kl", PERPLEXITY: "perplexity", COSINE: "cosine", READABLE: "readable", RIGHT: "accuracy"}
"""What the record keeps of the second genotype of a comparison."""


def rihf_run(written: Written, link: str = "") -> Run:
    """Mutants that have answered the inputs: of several, the word that begins the largest share of answers."""
    genotypes = written.asked.genotypes[: written.finished]
    found = rare_words_of(written.said, len(genotypes))
    best = max((each for each in found if each.word), key=_share, default=None)
    metrics = {"inputs": len(written.asked.inputs), "mutants": len(genotypes)}
    metrics["rihf_mutants"] = sum(each.finding is not None for each in found)
    told = {} if best is None or best.word is None else {"rihf_share": _share(best), "rihf_p": best.word.corrected_p}
    return Run(
        kind="rihf",
        genotypes=_notation(genotypes),
        decoding=written.asked.decoding,
        metrics=_floats({**metrics, **told}),
        link=link,
        detail={
            "title": f"First words on {len(written.asked.inputs)} inputs",
            "chat": written.asked.chat,
            "words": [None if each.word is None else each.word.word for each in found],
            "q": [each.q for each in found],
        },
    )


def questions_run(report: Mapping[str, Any], link: str = "") -> Run:
    """One genotype beside the original on questions, from `reports.tasks.score_report`."""
    asked = report["questions"]
    metrics = {
        "questions": asked,
        "original_accuracy": report["original_right"] / asked,
        "accuracy": report["mutant_right"] / asked,
        "says_accuracy": report["mutant_says_right"] / asked,
        "near_ties": report["near_tie"],
    }
    return Run(
        kind="questions",
        genotypes=(report["genotype"],) if report["genotype"] else (),
        metrics=_floats(metrics),
        link=link,
        detail={"title": report["set"], "shots": report["shots"], "form": report["form"]},
    )


def retest_run(report: Mapping[str, Any], title: str, link: str = "") -> Run:
    """Mutants that were asked again, from `reports.tasks.retest_report`; `title` is that of their screen."""
    names = ("questions", "looked_at", "better", "significant", "retested", "confirmed")
    return Run(
        kind="questions",
        genotypes=tuple(row["genotype"] for row in report["mutants"]),
        metrics=_floats({name: report[name] for name in names}),
        link=link,
        detail={"title": f"{title}, asked again", "mutants": report["mutants"]},
    )


def comparison_run(compared: Compared, found: Sequence[Contrast], link: str = "") -> Run:
    """A comparison: what the second genotype measures, and the smallest p of all."""
    comparison = compared.comparison
    second = [each for each in found if each.genotype == 1 and each.measure in _OF_SECOND]
    p = [each.corrected_p for each in found if each.corrected_p is not None]
    metrics = {
        "items": len({row["item"] for row in compared.rows}),
        **{_OF_SECOND[each.measure]: finite(each.second) for each in second},
        "smallest_p": min(p, default=None),
    }
    questions = comparison.questions
    return Run(
        kind="comparison",
        genotypes=tuple(called(genotype) for genotype in comparison.genotypes),
        prompt=comparison.prompts[0] if len(comparison.prompts) == 1 else None,
        decoding=comparison.decoding if questions is None else None,
        metrics=_floats(metrics),
        link=link,
        detail={
            "title": questions.title if questions else f"{comparison.items} prompts",
            "shots": comparison.shots,
            "is_complete": compared.is_complete,
            "verdicts": verdicts(compared, found),
        },
    )


def _share(each: Ranked) -> float:
    return 0.0 if each.word is None else each.word.mutant / each.word.of_mutant


def _notation(genotypes: Sequence[Genotype]) -> tuple[str, ...]:
    return tuple(format_genotype(genotype) for genotype in genotypes)


def _floats(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if value is not None}
