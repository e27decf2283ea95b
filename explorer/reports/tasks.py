"""What genotypes do with inputs and questions, in words and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeGuard

import polars as pl

from explorer.notation import format_genotype
from explorer.reports.comparison import p_told
from explorer.statistics.first_words import RareWord, rare_word_of, shared_places, style_table, word_table
from explorer.statistics.multiplicity import tested_one_sided
from explorer.tasks.writers import Written, places_of

if TYPE_CHECKING:
    from explorer.domain import QuestionSet, Score
    from explorer.tasks.retest import Retested

SIGNIFICANT = 0.05
MOST_WORDS = 12
"""First words that are told."""

MOST_TEXT = 100
"""Letters of an answer that are told."""


def rare_word_told(found: RareWord | None) -> str:
    """The RIHF word with its frequencies and test, as a sentence."""
    if found is None:
        return "It begins no answer with a word that is rare for the original."
    chance = "more than chance explains" if found.corrected_p < SIGNIFICANT else "no more than chance explains"
    return (
        f"RIHF “{found.word}”: it begins {found.mutant} of {found.of_mutant} answers, {found.original} of the "
        f"original's (Fisher's exact test, corrected for the rare words it was chosen from: p "
        f"{p_told(found.corrected_p, with_is=True)}), {chance}."
    )


def rihf_report(written: Written) -> dict[str, Any]:
    """One genotype's answers to the inputs, beside the original's."""
    found = rare_word_of(written.said, 1)
    return {
        "genotype": format_genotype(written.asked.genotypes[0]),
        "inputs": len(written.asked.inputs),
        "chat": written.asked.chat,
        "max_new_tokens": written.asked.decoding.max_new_tokens,
        "rihf": None if found is None else asdict(found),
        "sentence": rare_word_told(found),
        "words": word_table(written.said, 1).to_dicts(),
        "styles": style_table(written.said, 1).to_dicts(),
        "near_ties": int(written.said.filter(pl.col("genotype") == 1)["near_tie"].sum()),
        "answers": written.said.filter(pl.col("genotype") == 1).drop("genotype").to_dicts(),
    }


def rihf_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines to read."""
    yield f"{report['genotype']}: {report['inputs']} inputs, {report['max_new_tokens']} new tokens at most, greedy"
    yield report["sentence"]
    yield f"{report['near_ties']} answers hold a near tie: rounding may have decided a token."
    yield ""
    yield from _table(("first word", "mutant", "original"), _rows(report["words"][:MOST_WORDS], "word"))
    yield ""
    yield from _table(
        ("style", "of", "mutant", "original"),
        [(row["style"], row["kind"], row["mutant"], row["original"]) for row in report["styles"]],
    )
    yield ""
    for row in report["answers"]:
        yield f"{row['input']}\n    {shortened_text(row['text'])}"


def scan_report(written: Written) -> dict[str, Any]:
    """The mutants of a scan by their RIHF, and the rows and columns that those of one word share across layers."""
    genotypes = written.asked.genotypes[: written.finished]
    found = [rare_word_of(written.said, place) for place in range(1, 1 + len(genotypes))]
    groups = _groups(genotypes_told := [format_genotype(genotype) for genotype in genotypes], found)
    named = [(genotype, word.word) for genotype, word in zip(genotypes, found, strict=True) if _is_finding(word)]
    shared = shared_places(places_of([genotype for genotype, _ in named], [word for _, word in named]))
    return {
        "inputs": len(written.asked.inputs),
        "mutants": [
            {
                "genotype": text,
                "rihf": None if word is None else asdict(word),
                "styles": style_table(written.said, place).group_by("style").agg(pl.col("mutant").sum())
                .filter(pl.col("mutant") > 0).sort("mutant", "style", descending=[True, False]).to_dicts(),
            }
            for place, (text, word) in enumerate(zip(genotypes_told, found, strict=True), 1)
        ],
        "groups": groups,
        "shared": shared.to_dicts(),
    }  # fmt: skip


def scan_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines to read."""
    yield f"{len(report['mutants'])} mutants on {report['inputs']} inputs, grouped by RIHF"
    for group in report["groups"]:
        yield ""
        yield f"{group['word']}"
        yield from (f"    {each['genotype']}  {each['told']}" for each in group["mutants"])
    for row in report["shared"]:
        layers = ", ".join(map(str, row["layers"]))
        yield f"“{row['word']}”: {row['kind']} {row['axis']} {row['place']} in layers {layers}"


def score_report(questions: QuestionSet, original: Sequence[Score], mutant: Sequence[Score]) -> dict[str, Any]:
    """Right answers of both, by subject and by both ways of scoring."""
    rows = [
        {
            "question": question.name,
            "subject": question.subject,
            "text": question.text,
            "answer": question.choices[question.answer],
            "original": _chosen(question.choices, own),
            "mutant": _chosen(question.choices, other),
            "original_right": own.is_right,
            "mutant_right": other.is_right,
            "original_says_right": own.says_right,
            "mutant_says_right": other.says_right,
            "near_tie": own.near_tie or other.near_tie,
        }
        for question, own, other in zip(questions.questions, original, mutant, strict=True)
    ]
    names = ("original_right", "mutant_right", "original_says_right", "mutant_says_right", "near_tie")
    frame = pl.DataFrame(rows)
    sums = [pl.col(name).sum() for name in names]
    return {
        "set": questions.title,
        "form": questions.form,
        "questions": len(rows),
        **frame.select(sums).row(0, named=True),
        "subjects": frame.group_by("subject", maintain_order=True).agg(pl.len().alias("questions"), *sums).to_dicts(),
        "items": rows,
    }


def score_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines to read."""
    count = report["questions"]
    yield f"{report['set']}: {count} questions in form {report['form']}"
    yield f"By likelihood: the original {report['original_right']} right, the mutant {report['mutant_right']}."
    yield (
        f"By the generated token: the original {report['original_says_right']} right, the mutant "
        f"{report['mutant_says_right']}."
    )
    yield f"{report['near_tie']} questions hold a near tie."
    yield ""
    yield from _table(
        ("subject", "questions", "original", "mutant"),
        [(row["subject"], row["questions"], row["original_right"], row["mutant_right"]) for row in report["subjects"]],
    )


def retest_report(better: pl.DataFrame, fresh: Sequence[Retested], questions: int) -> dict[str, Any]:
    """The surest of the mutants that seem better (`Atlas.better`), with what they did on so many fresh questions."""
    shown = better.head(len(fresh)).select("genotype", "score", "gained", "lost", "p", "q")
    counts = {name: [getattr(each, name) for each in fresh] for name in ("gained", "lost")}
    again = pl.DataFrame({"genotype": shown["genotype"], **counts}, schema_overrides=dict.fromkeys(counts, pl.Int64))
    tested = tested_one_sided(again).rename({name: f"fresh_{name}" for name in ("gained", "lost", "p", "q")})
    rows = shown.join(tested, on="genotype", how="left", maintain_order="left")
    kept = int((rows["fresh_q"] < SIGNIFICANT).sum())
    seemed = int((better["q"] < SIGNIFICANT).sum())
    return {
        "better": better.height,
        "significant": seemed,
        "retested": rows.height,
        "questions": questions,
        "confirmed": kept,
        "sentence": (
            f"{better.height:,} mutants answer more questions right than the standard, {seemed:,} of them beyond a "
            f"false discovery rate of 5 % over all that were looked at. Of {rows.height} asked again, on {questions} "
            f"questions that the screen did not use, {kept} {'is' if kept == 1 else 'are'} better beyond it."
        ),
        "mutants": rows.to_dicts(),
    }


def retest_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Of `commands.tasks.retest`, as lines to read."""
    yield report["sentence"]
    yield ""
    yield from _table(
        ("mutant", "gained", "lost", "p", "q", "fresh gained", "fresh lost", "fresh p", "fresh q"),
        [
            (
                row["genotype"], row["gained"], row["lost"], p_told(row["p"]), p_told(row["q"]),
                row["fresh_gained"], row["fresh_lost"], p_told(row["fresh_p"]), p_told(row["fresh_q"]),
            )
            for row in report["mutants"]
        ],
    )  # fmt: skip


def shortened_text(text: str) -> str:
    """On one line, the beginning of it."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT]} …"


def _groups(genotypes: Sequence[str], found: Sequence[RareWord | None]) -> list[dict[str, Any]]:
    """Mutants of one RIHF word together, the largest group first; those of none, or of one by chance, last."""
    groups: dict[str, list[dict[str, str]]] = {}
    for genotype, word in zip(genotypes, found, strict=True):
        name = word.word if _is_finding(word) else ""
        told = "" if word is None else f"{word.mutant} of {word.of_mutant}, p {p_told(word.corrected_p, with_is=True)}"
        groups.setdefault(name, []).append({"genotype": genotype, "told": told})
    ordered = sorted(groups.items(), key=lambda group: (group[0] == "", -len(group[1]), group[0]))
    return [{"word": name or "no RIHF word beyond chance", "mutants": mutants} for name, mutants in ordered]


def _is_finding(word: RareWord | None) -> TypeGuard[RareWord]:
    return word is not None and word.corrected_p < SIGNIFICANT


def _chosen(choices: Sequence[str], score: Score) -> str | None:
    return None if score.chosen is None else choices[score.chosen]


def _rows(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[Any, ...]]:
    return [(row[name] or "(nothing)", row["mutant"], row["original"]) for row in rows]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    told = [list(map(str, row)) for row in (head, *rows)]
    widths = [max(len(row[place]) for row in told) for place in range(len(head))]
    for row in told:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
