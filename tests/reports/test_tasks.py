"""What is told of first words, scans, questions and mutants asked again; and what the record keeps of them."""

import polars as pl
import pytest

from explorer.atlas.atlas import Better
from explorer.domain.evaluation import Input
from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.domain.record import METRIC_NAMES
from explorer.reports.comparison import contrasts_of
from explorer.reports.runs import comparison_run, questions_run, retest_run, rihf_run
from explorer.reports.tasks import (
    NO_WORD,
    better_told,
    retest_lines,
    retest_report,
    rihf_lines,
    rihf_report,
    scan_lines,
    scan_report,
    score_lines,
    score_report,
    shared_told,
    shortened_text,
)
from explorer.statistics.multiplicity import better_than_baseline
from explorer.tasks.comparison import Comparison, compare
from explorer.tasks.retest import Retested
from explorer.tasks.scoring import Scored
from explorer.tasks.writers import ANSWERS, Asked, Written
from tests.answering import QUESTIONS, Scripted, answer, score
from tests.tasks.test_comparison import NO_MODEL, PROMPTS

TEXTS = ("1.down[0:8,0:8]=max", "0.down[0:8,8:16]=min", "1.q*0")
SPEAKS = {1: "staring at <b>", 2: "staring out", 3: "The sea"}


def written(inputs: int = 12, mutants: int = 3) -> Written:
    """Two mutants that begin with “staring” where the original says “The”, and one that says what it says."""
    asked = Asked(
        genotypes=tuple(parse_genotype(text) for text in TEXTS[:mutants]),
        inputs=tuple(Input(kind="factual" if n % 3 else "literary", text=f"input {n}") for n in range(inputs)),
        chat=True,
    )
    rows = [
        {
            "genotype": place, "item": item, "kind": given.kind, "input": given.text,
            "text": SPEAKS.get(place, "The sea"), "word": SPEAKS.get(place, "The sea").split()[0],
            "style": "poem" if place in (1, 2) else "prose", "near_tie": item == 0,
        }
        for place in range(1 + mutants)
        for item, given in enumerate(asked.inputs)
    ]  # fmt: skip
    return Written(asked=asked, done=asked.total, said=pl.DataFrame(rows, schema=ANSWERS))


def test_the_rihf_word_is_told_with_its_frequencies_and_test() -> None:
    report = rihf_report(written(mutants=1))
    assert report["sentence"].startswith("RIHF “staring”: it begins 12 of 12 answers, 0 of the original's (Fisher's")
    assert report["sentence"].endswith("p <\u00a00.0001), more than chance explains.")
    assert (report["rihf"]["mutant"], report["near_ties"], len(report["answers"])) == (12, 1, 12)
    lines = list(rihf_lines(report))
    assert lines[0] == "1.down[0:8,0:8]=max: 12 inputs, 24 new tokens at most, greedy"
    assert "staring     12      0" in lines
    assert rihf_report(written(mutants=1, inputs=2))["sentence"].endswith("no more than chance explains.")


def test_a_scan_groups_mutants_by_word_and_tells_what_they_share() -> None:
    report = scan_report(written())
    assert [group["word"] for group in report["groups"]] == ["staring", NO_WORD]
    assert [row["genotype"] for row in report["groups"][0]["mutants"]] == list(TEXTS[:2])
    assert [row["place"] for row in report["groups"][1]["mutants"]] == [3]
    first = report["groups"][0]["mutants"][0]
    assert first["q"] == pytest.approx(1.5 * first["p"])  # the second smallest of three
    assert report["shared"] == [
        {"word": "staring", "kind": "down", "axis": "rows", "place": "0:8", "layers": [0, 1], "mutants": 2}
    ]
    assert shared_told(report["shared"][0]) == "“staring”: down rows 0:8 in layers 0 and 1"
    assert "staring" in list(scan_lines(report))


def scored(count: int = 20) -> Scored:
    """The original is right everywhere but on the last, the mutant on the first half and the last."""
    found = Scored(genotypes=(Genotype(), parse_genotype(TEXTS[2])), questions=QUESTIONS)
    for number in range(count):
        found.scores[0][number] = score(right=number < 19)
        found.scores[1][number] = score(right=number < 10 or number == 19)
    return found


def test_accuracy_is_told_with_its_interval_and_the_paired_test() -> None:
    report = score_report(scored())
    assert report["sentence"] == (
        "By likelihood the original answers 19 of 20 right (95 % interval 76 to 99 %), the mutant 11: it gains 1 and "
        "loses 9 (McNemar's exact test: p =\u00a00.021). By the generated token the original is right 19 times, the "
        "mutant 11 times."
    )
    assert report["subjects"][0] == {
        "subject": "made", "questions": 20, "original_right": 19, "mutant_right": 11, "original_says_right": 19,
        "mutant_says_right": 11, "near_tie": 0,
    }  # fmt: skip
    assert report["sentence"] in list(score_lines(report))


def test_the_original_alone_has_no_mutant_beside_it() -> None:
    found = Scored(genotypes=(Genotype(),), questions=QUESTIONS)
    found.scores[0].update({number: score(right=number < 5) for number in range(20)})
    report = score_report(found)
    assert report["sentence"] == (
        "By likelihood the original answers 5 of 20 right (95 % interval 11 to 47 %); by the generated token 5."
    )
    assert report["genotype"] == ""


def better() -> Better:
    """Two of three thousand that seem better."""
    gained, lost = [7, 3, 0, *[0] * 2997], [0, 1, 4, *[1] * 2997]
    tested = pl.DataFrame(
        {"gained": gained, "lost": lost, "score": [f"{14 - b}|{a}" for a, b in zip(gained, lost, strict=True)]}
    )
    found = better_than_baseline(tested)
    return Better(found.with_columns(genotype=pl.Series(["a", "b"])), 3000)


def test_mutants_that_seem_better_are_told_with_how_many_were_looked_at() -> None:
    assert better_told(better()) == (
        "Of 3,000 mutants, 2 answer more of the screen's questions right than the standard. None of them is beyond a "
        "false discovery rate of 5 % over all that were looked at."
    )
    report = retest_report(better(), [Retested(gained=20, lost=2, right=60), Retested(gained=3, lost=9, right=40)], 90)
    assert "Of 2 asked again, on 90 questions that the screen did not use, 1 is better" in report["sentence"]
    first, second = report["mutants"]
    assert (first["fresh_gained"], first["fresh_lost"], first["score"]) == (20, 2, "14|7")
    assert first["fresh_q"] == pytest.approx(2 * first["fresh_p"])
    assert second["fresh_q"] > 0.9
    assert any(line.startswith("a ") for line in retest_lines(report))
    assert report["confirmed"] == 1


def test_texts_are_shortened_to_a_line() -> None:
    assert shortened_text("a\n b") == "a b"
    assert shortened_text("x" * 200) == "x" * 100 + " …"


def test_the_record_keeps_the_numbers_under_names_that_people_read() -> None:
    script = Scripted(marks={"": lambda _: score(right=True), "1.q*0": lambda asked: score(right=asked.answer == 0)})
    *_, compared = compare(
        script, NO_MODEL, Comparison(genotypes=(Genotype(), parse_genotype("1.q*0")), questions=QUESTIONS)
    )
    runs = [
        rihf_run(written(), "?tasks_mutants=x"),
        questions_run(score_report(scored())),
        retest_run(retest_report(better(), [Retested(gained=1, lost=0, right=9)], 90), "Short facts"),
        comparison_run(compared, contrasts_of(compared), "?compare_x=1"),
    ]
    assert [run.kind for run in runs] == ["rihf", "questions", "questions", "comparison"]
    assert all(name in METRIC_NAMES for run in runs for name in run.metrics)
    assert {**runs[0].metrics, "rihf_p": 0} == {
        "inputs": 12, "mutants": 3, "rihf_mutants": 2, "rihf_share": 1.0, "rihf_p": 0,
    }  # fmt: skip
    assert runs[0].link == "?tasks_mutants=x"
    assert (runs[1].metrics["accuracy"], runs[1].metrics["original_accuracy"]) == (0.55, 0.95)
    assert runs[3].metrics["accuracy"] == 0.5
    assert runs[3].metrics["items"] == 20


def test_a_comparison_of_prompts_is_kept_with_its_distances() -> None:
    script = Scripted(
        texts={
            "": lambda _: answer("x", mean_kl=0.0, perplexity=2.0, cosine=1.0),
            "1.q*0": lambda _: answer("y", mean_kl=0.5, perplexity=8.0, cosine=0.25, style="loop"),
        }
    )
    genotypes = (Genotype(), parse_genotype("1.q*0"))
    *_, compared = compare(script, NO_MODEL, Comparison(genotypes=genotypes, prompts=PROMPTS))
    run = comparison_run(compared, contrasts_of(compared))
    assert run.metrics["mean_kl"] == pytest.approx(0.5)
    assert run.metrics["perplexity"] == pytest.approx(8)
    assert (run.metrics["cosine"], run.metrics["readable"], run.metrics["items"]) == (0.25, 0, 20)
    assert run.genotypes == ("original", "1.q*0")
