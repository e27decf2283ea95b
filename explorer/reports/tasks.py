"""What genotypes do with inputs and questions, in words and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from explorer.atlas.atlas import Better
from explorer.domain.evaluation import Score
from explorer.domain.notation import format_genotype
from explorer.reports.comparison import p_told
from explorer.reports.tables import table_lines
from explorer.statistics.first_words import (
    Ranked,
    RareWord,
    rare_word_of,
    rare_words_of,
    shared_places,
    style_table,
    word_table,
)
from explorer.statistics.multiplicity import tested_one_sided
from explorer.statistics.paired import ALPHA as SIGNIFICANT
from explorer.statistics.paired import discordance, wilson_interval
from explorer.tasks.retest import Retested
from explorer.tasks.scoring import Scored
from explorer.tasks.writers import Written, places_of

NO_WORD = "no RIHF word beyond chance"
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
    found = rare_words_of(written.said, len(genotypes))
    told = [format_genotype(genotype) for genotype in genotypes]
    pairs = zip(genotypes, (each.finding for each in found), strict=True)
    named = [(genotype, finding.word) for genotype, finding in pairs if finding is not None]
    shared = shared_places(places_of([genotype for genotype, _ in named], [word for _, word in named]))
    return {
        "inputs": len(written.asked.inputs),
        "mutants": [
            {
                "genotype": text,
                "rihf": None if each.word is None else asdict(each.word),
                "q": each.q,
                "styles": style_table(written.said, place).group_by("style").agg(pl.col("mutant").sum())
                .filter(pl.col("mutant") > 0).sort("mutant", "style", descending=[True, False]).to_dicts(),
            }
            for place, (text, each) in enumerate(zip(told, found, strict=True), 1)
        ],
        "groups": _groups(told, found),
        "shared": shared.to_dicts(),
    }  # fmt: skip


def scan_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines to read."""
    yield f"{len(report['mutants'])} mutants on {report['inputs']} inputs, grouped by RIHF"
    for group in report["groups"]:
        yield ""
        yield f"{group['word']}"
        yield from (f"    {each['genotype']}  {each['told']}" for each in group["mutants"])
    yield ""
    yield from (shared_told(row) for row in report["shared"])


def shared_told(row: Mapping[str, Any]) -> str:
    """One of the places that mutants of a word share, as a sentence."""
    *others, last = map(str, row["layers"])
    return f"“{row['word']}”: {row['kind']} {row['axis']} {row['place']} in layers {', '.join(others)} and {last}"


def score_report(scored: Scored) -> dict[str, Any]:
    """Right answers of the original and, if there is one, a mutant; by subject and by both ways of scoring."""
    questions, (original, *others) = scored.shared()
    mutant = others[0] if others else original
    genotype = format_genotype(scored.genotypes[-1])
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
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(names, pl.Boolean))
    sums = [pl.col(name).sum() for name in names]
    return {
        "genotype": genotype,
        "set": questions.title,
        "form": questions.form,
        "shots": scored.shots,
        "questions": len(rows),
        **frame.select(sums).row(0, named=True),
        "sentence": _accuracy_told(frame, has_mutant=bool(others)),
        "subjects": frame.group_by("subject", maintain_order=True).agg(pl.len().alias("questions"), *sums).to_dicts(),
        "items": rows,
    }


def _accuracy_told(frame: pl.DataFrame, *, has_mutant: bool) -> str:
    """By likelihood, with the paired test if there is a mutant; then by the generated token."""
    own, other = (frame[name].to_numpy() for name in ("original_right", "mutant_right"))
    says, mutant_says = (int(frame[name].sum()) for name in ("original_says_right", "mutant_says_right"))
    table, asked = discordance(own, other), frame.height
    low, high = wilson_interval(int(own.sum()), asked)
    told = (
        f"By likelihood the original answers {own.sum()} of {asked} right (95 % interval {100 * low:.0f} to "
        f"{100 * high:.0f} %)"
    )
    if not has_mutant:
        return f"{told}; by the generated token {says}."
    return (
        f"{told}, the mutant {other.sum()}: it gains {table.only_second} and loses {table.only_first} (McNemar's exact "
        f"test: p {p_told(table.p, with_is=True)}). By the generated token the original is right {says} times, the "
        f"mutant {mutant_says} times."
    )


def score_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines to read."""
    count = report["questions"]
    yield f"{report['genotype'] or 'original'} on {report['set']}: {count} questions in form {report['form']}"
    yield report["sentence"]
    yield f"{report['near_tie']} questions hold a near tie."
    yield ""
    yield from _table(
        ("subject", "questions", "original", "mutant"),
        [(row["subject"], row["questions"], row["original_right"], row["mutant_right"]) for row in report["subjects"]],
    )


def better_told(better: Better) -> str:
    """How many mutants of a screen seem better than the standard, and how many of them chance does not explain."""
    seem, sure = better.mutants.height, _beyond(better.mutants, "q")
    return (
        f"Of {better.looked_at:,} mutants, {seem:,} {_answer(seem)} more of the screen's questions right than the "
        f"standard. {_sure_told(sure)} a false discovery rate of 5 % over all that were looked at."
    )


def _answer(count: int) -> str:
    return "answers" if count == 1 else "answer"


def _sure_told(sure: int) -> str:
    return "None of them is beyond" if not sure else f"{sure:,} {'is' if sure == 1 else 'are'} beyond"


def _beyond(mutants: pl.DataFrame, q: str) -> int:
    return int((mutants[q] < SIGNIFICANT).sum())


def retest_rows(better: Better, fresh: Sequence[Retested]) -> pl.DataFrame:
    """The surest of the mutants that seem better, with what they did on fresh questions: `fresh_gained`, …, `fresh_q`.

    q corrects over those that were asked again.
    """
    shown = better.mutants.head(len(fresh)).select("genotype", "score", "gained", "lost", "p", "q")
    counts = {name: [getattr(each, name) for each in fresh] for name in ("gained", "lost")}
    again = pl.DataFrame({"genotype": shown["genotype"], **counts}, schema_overrides=dict.fromkeys(counts, pl.Int64))
    tested = tested_one_sided(again).rename({name: f"fresh_{name}" for name in ("gained", "lost", "p", "q")})
    return shown.join(tested, on="genotype", how="left", maintain_order="left")


def retested_told(rows: pl.DataFrame, questions: int) -> str:
    """How many are better on fresh questions too."""
    kept = _beyond(rows, "fresh_q")
    return (
        f"Of {rows.height:,} asked again, on {questions:,} questions that the screen did not use, "
        f"{kept or 'none'} {'are' if kept > 1 else 'is'} better beyond a false discovery rate of 5 %."
    )


def retest_report(better: Better, fresh: Sequence[Retested], questions: int) -> dict[str, Any]:
    """The surest of the mutants that seem better, with what they did on so many fresh questions."""
    rows = retest_rows(better, fresh)
    return {
        "looked_at": better.looked_at,
        "better": better.mutants.height,
        "significant": _beyond(better.mutants, "q"),
        "retested": rows.height,
        "questions": questions,
        "confirmed": _beyond(rows, "fresh_q"),
        "sentence": f"{better_told(better)} {retested_told(rows, questions)}",
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


def _groups(genotypes: Sequence[str], found: Sequence[Ranked]) -> list[dict[str, Any]]:
    """Mutants of one RIHF word together, the largest group first; those of none, or of one by chance, last."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for place, (genotype, each) in enumerate(zip(genotypes, found, strict=True), 1):
        name = "" if each.finding is None else each.finding.word
        groups.setdefault(name, []).append({"place": place, "genotype": genotype, **_of_word(each)})
    ordered = sorted(groups.items(), key=lambda group: (group[0] == "", -len(group[1]), group[0]))
    return [{"word": name or NO_WORD, "mutants": mutants} for name, mutants in ordered]


def _of_word(each: Ranked) -> dict[str, Any]:
    word = each.word
    if word is None:
        return {"word": None, "mutant": None, "original": None, "p": None, "q": None, "told": ""}
    told = f"“{word.word}” {word.mutant} of {word.of_mutant}, original {word.original}"
    told += f", q {p_told(each.q, with_is=True)}"
    counts = {"word": word.word, "mutant": word.mutant, "original": word.original, "of": word.of_mutant}
    return {**counts, "p": word.corrected_p, "q": each.q, "told": told}


def _chosen(choices: Sequence[str], score: Score) -> str | None:
    return None if score.chosen is None else choices[score.chosen]


def _rows(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[Any, ...]]:
    return [(row[name] or "(nothing)", row["mutant"], row["original"]) for row in rows]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    return table_lines(head, [list(map(str, row)) for row in rows], texts=len(head))
