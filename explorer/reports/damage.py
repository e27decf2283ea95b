"""Damage tables and advice as plain values, as lines for people, and read back from a file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from explorer.domain.damage import Damage, DamageTable, kinds_worst, perplexity
from explorer.domain.errors import ExplorerError, StatisticsError
from explorer.domain.notation import format_genotype
from explorer.domain.screened import read_name, told
from explorer.domain.site_notation import format_site, parse_site
from explorer.reports.explore import finite
from explorer.statistics.advice import Comparison, Tried

KIND = "damage"


def damage_report(table: DamageTable, fingerprint: str) -> dict[str, Any]:
    """A damage table; `fingerprint` is the model's."""
    return {
        "kind": KIND,
        "model": table.model,
        "fingerprint": fingerprint,
        "tokens": table.tokens,
        "nll": finite(table.nll),
        "perplexity": finite(perplexity(table.nll)),
        "others": table.others,
        **({"questions": table.questions, "right": table.right} if table.questions else {}),
        "rows": [
            {
                "site": format_site(row.site),
                "weights": row.weights,
                "operation": row.operation,
                "mean_kl": row.mean_kl,
                "added_nll": finite(row.added_nll),
                "perplexity": finite(perplexity(table.nll + row.added_nll)),
                **({} if row.right is None else {"right": row.right}),
            }
            for row in table.rows
        ],
    }


def read_damage(file: Path) -> tuple[DamageTable, str]:
    """A table of a file that `damage --json` has written, and its model's fingerprint. Raises StatisticsError."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        if held["kind"] != KIND:
            raise ValueError
        table = DamageTable(
            model=str(held["model"]), tokens=int(held["tokens"]), nll=float(held["nll"]), others=int(held["others"]),
            rows=_rows(held), questions=int(held.get("questions", 0)), right=int(held.get("right", 0)),
        )  # fmt: skip
        fingerprint = str(held["fingerprint"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ExplorerError) as fault:
        raise StatisticsError(f"{file} is no damage table: write one with 'damage --json > {file.name}'.") from fault
    return table, fingerprint


def _rows(report: Mapping[str, Any]) -> tuple[Damage, ...]:
    return tuple(
        Damage(
            site=parse_site(row["site"]),
            weights=int(row["weights"]),
            operation=read_name(row["operation"]),
            mean_kl=None if row["mean_kl"] is None else float(row["mean_kl"]),
            added_nll=math.inf if row["added_nll"] is None else float(row["added_nll"]),
            right=row.get("right"),
        )
        for row in report["rows"]
    )


def damage_lines(report: dict[str, Any]) -> Iterator[str]:
    """What each operation costs by kind, for people."""
    yield (
        f"{report['model']}: perplexity {report['perplexity'] or math.inf:.2f} over {report['tokens']} tokens; mean KL "
        "in nats of each operation on one matrix, by kind, the worst first"
    )
    rows = _rows(report)
    for operation in dict.fromkeys(row.operation for row in rows):
        own = [row for row in rows if row.operation == operation]
        kinds = ", ".join(f"{kind} {value:.3g}" for kind, value in kinds_worst(own))
        worst = max(own, key=lambda row: math.inf if row.mean_kl is None else row.mean_kl)
        told_worst = "overflow" if worst.mean_kl is None else f"{worst.mean_kl:.3g}"
        yield f"  {told(operation)}: {kinds}; worst {format_site(worst.site)} {told_worst}"
        if "questions" in report:
            low = min(row.right or 0 for row in own)
            yield f"    right answers, of {report['questions']} ({report['right']} without): {low} at worst"


def advice_report(found: Comparison) -> dict[str, Any]:
    """An advice beside uniform bits, both run as a whole on unseen texts."""
    interval = found.gain_interval
    return {
        "rule": "greedy by measured damage",
        "original_perplexity": finite(found.original),
        "advised": _tried(found.advised),
        "uniform": _tried(found.uniform),
        "gain": finite(found.gain),
        "gain_interval": [finite(interval.low), finite(interval.high)],
        "texts": len(found.advised.losses),
    }


def _tried(tried: Tried) -> dict[str, Any]:
    return {
        "bits": tried.advice.average,
        "megabytes": tried.advice.megabytes,
        "perplexity": finite(tried.perplexity),
        "expected_kl": finite(tried.advice.expected_kl),
        "matrices": {str(bits): count for bits, count in sorted(Counter(tried.advice.bits.values()).items())},
        "genotype": format_genotype(tried.advice.genotype),
    }


def advice_lines(report: dict[str, Any]) -> Iterator[str]:
    """An advice for people."""
    original = "overflow" if report["original_perplexity"] is None else f"{report['original_perplexity']:.2f}"
    yield f"Perplexity of {report['texts']} texts that the choice has not looked at, of the original: {original}"
    for name in ("advised", "uniform"):
        tried = report[name]
        counts = ", ".join(f"{count} in {bits}" for bits, count in tried["matrices"].items())
        perplexity = "overflow" if tried["perplexity"] is None else f"{tried['perplexity']:.2f}"
        yield (
            f"  {name}: {perplexity} at {tried['bits']:.2f} bits a weight, {tried['megabytes']:.0f} MB "
            f"(matrices by bits: {counts})"
        )
    if report["gain"] is not None:
        low, high = report["gain_interval"]
        yield (
            f"The advice saves {report['gain']:+.3f} nats a token, 95 % interval {low:+.3f} to {high:+.3f}. The rule "
            f"is {report['rule']}; the whole was run, its parts were not added up."
        )
