"""What is said of a mutant that was written, or scored by another program: plain values, and their lines for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from explorer.domain.genotype import Operation
from explorer.domain.operation_notation import format_operation
from explorer.domain.weights import Difference
from explorer.reports.explore import finite
from explorer.reports.tables import table_lines
from explorer.tasks.harness import Scored

_STEP = 1000


def saved_lines(report: dict[str, Any]) -> Iterator[str]:
    """Where a model was written, for people, and how it is loaded."""
    what = report["genotype"] or "nothing mutated"
    yield f"{report['model']} with {what}: {report['folder']}, {size_text(report['bytes'])}"
    yield f"AutoModelForCausalLM.from_pretrained({report['folder']!r}) loads it."


def patch_lines(report: dict[str, Any]) -> Iterator[str]:
    """Where a patch was written, for people, and what it belongs to."""
    count = "1 value" if report["values"] == 1 else f"{report['values']:,} values"
    yield f"{report['genotype']}: {count}, old and new, in {report['file']}, {size_text(report['bytes'])}"
    yield f"For {report['model']} in {report['dtype']} alone, fingerprint {report['fingerprint'][:12]}."


def diff_report(model: str, donor: str, found: Sequence[Difference], grafts: int) -> dict[str, Any]:
    """Two checkpoints compared, the most different matrices first, with a genotype that grafts some of these."""
    compared = sorted((each for each in found if each.relative is not None), key=lambda each: -(each.relative or 0))
    return {
        "model": model,
        "donor": donor,
        "compared": len(compared),
        "identical": sum(not each.changed for each in compared),
        "missing": [{"matrix": each.matrix, "reason": each.reason} for each in found if each.relative is None],
        "genotype": grafts_of(found, donor, grafts),
        "matrices": [
            {
                "matrix": each.matrix,
                "relative": finite(each.relative),
                "largest": finite(each.largest),
                "changed": each.changed,
            }
            for each in compared
        ],
    }


def grafts_of(found: Sequence[Difference], donor: str, count: int) -> str:
    """The genotype that grafts the most different matrices of a donor."""
    apart = sorted((each for each in found if each.relative), key=lambda each: -(each.relative or 0))[:count]
    graft = format_operation(Operation(kind="from", value=1.0, donor=donor))
    return "; ".join(f"{each.matrix}{graft}" for each in apart)


def diff_lines(report: dict[str, Any]) -> Iterator[str]:
    """The comparison for people: by kind, then the most different ones."""
    yield (
        f"{report['donor']} beside {report['model']}: {report['compared']} matrices compared, {report['identical']} "
        f"identical, {len(report['missing'])} without a counterpart"
    )
    by_kind: dict[str, list[float]] = {}
    for row in report["matrices"]:
        by_kind.setdefault(row["matrix"].rpartition(".")[2], []).append(_or_infinite(row["relative"]))
    kinds = sorted(((sum(values) / len(values), kind) for kind, values in by_kind.items()), reverse=True)
    yield "Mean change by kind: " + ", ".join(f"{kind} {mean:.2%}" for mean, kind in kinds)
    rows = [
        (
            row["matrix"],
            f"{_or_infinite(row['relative']):.2%}",
            f"{_or_infinite(row['largest']):.3g}",
            f"{row['changed']:.1%}",
        )
        for row in report["matrices"][:12]
    ]
    yield from table_lines(("matrix", "change", "largest", "weights changed"), rows)
    for row in report["missing"][:3]:
        yield f"{row['matrix']}: {row['reason']}"
    if report["genotype"]:
        yield f"To graft the most different ones: {report['genotype']}"


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else float(value)


def harness_report(genotype: str, model: str, scored: Sequence[Scored]) -> dict[str, Any]:
    """The scores of original and mutant."""
    scores = [{**asdict(each), "difference": each.difference} for each in scored]
    return {"genotype": genotype, "model": model, "scores": scores}


def harness_lines(report: dict[str, Any]) -> Iterator[str]:
    """The scores as a table, each with its standard error."""
    rows = [
        (
            each["task"],
            each["metric"],
            "–" if each["documents"] is None else f"{each['documents']:,}",
            _with_error(each["original"], each["original_stderr"]),
            _with_error(each["mutant"], each["mutant_stderr"]),
            _with_error(each["difference"], each["difference_stderr"], sign="+"),
        )
        for each in report["scores"]
    ]
    yield f"{report['model']} with {report['genotype'] or 'nothing mutated'}"
    yield from table_lines(("task", "metric", "documents", "original", "mutant", "difference"), rows)
    yield "±: standard error; that of the difference is of the same documents in pairs."


def _with_error(value: float | None, error: float | None, sign: str = "") -> str:
    if value is None:
        return "–"
    spread = "" if error is None else f" ± {error:.4f}"
    return f"{value:{sign}.4f}{spread}".replace("-", "−")


def size_text(size: float) -> str:
    """A size in bytes for people, in decimal units."""
    for unit in ("B", "kB", "MB"):
        if size < _STEP:
            return f"{_three_digits(size)} {unit}"
        size /= _STEP
    return f"{_three_digits(size)} GB"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= _STEP / 10 else f"{number:.3g}"
