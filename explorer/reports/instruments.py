"""What the instruments report: plain values, and their lines for people."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from explorer.domain.effects import (
    Agreement,
    Dose,
    Effect,
    Epistasis,
    Finding,
    Knockouts,
    Lens,
    Matched,
    PairMatrix,
    Propagation,
    SensitivityMap,
    steepest_step,
)
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, format_mutation
from explorer.domain.site_notation import format_site
from explorer.domain.weights import SiteFacts
from explorer.model.anatomy import Anatomy
from explorer.reports.explore import finite


def dose_report(site: str, facts: SiteFacts, doses: Sequence[Dose], unit: str = "") -> dict[str, Any]:
    """A site's responses over the values that it was set to; or, with a `unit`, over an operation's own number."""
    values = {"present": facts.present, "minimum": facts.minimum, "maximum": facts.maximum}
    return {
        "site": site,
        **({"unit": unit} if unit else values),
        "steepest_step": [dose.value for dose in steepest_step(doses)],
        "doses": [asdict(dose) for dose in doses],
    }


def dose_lines(report: dict[str, Any]) -> Iterator[str]:
    """A dose report for people."""
    if "unit" in report:
        yield report["site"]
    else:
        span = f"{report['minimum']:.4g} to {report['maximum']:.4g}"
        yield f"{report['site']}: now {report['present']:.4g}, matrix {span}"
    yield f"{report.get('unit', 'value'):>12}  {'mean KL':>10}  first divergence"
    for dose in report["doses"]:
        kl = "overflow" if dose["mean_kl"] is None else f"{dose['mean_kl']:.4g}"
        parted = "silent" if dose["first_divergence"] is None else f"token {dose['first_divergence'] + 1}"
        yield f"{dose['value']:>12.4g}  {kl:>10}  {parted}"
    left, right = report["steepest_step"]
    yield f"The steepest step lies between {left:.4g} and {right:.4g}."


def knockout_report(found: Knockouts) -> dict[str, Any]:
    """Every head's knock-out, the strongest first."""
    asked = {"questions": found.questions, "right": found.right} if found.questions else {}
    rows = [
        {
            "genotype": f"{format_site(each.site)}*0",
            "layer": each.site.layer,
            "head": each.site.head,
            **asdict(each.effect),
            "added_nll": finite(each.effect.added_nll),
            **({"right": each.right} if found.questions else {}),
        }
        for each in found.strongest
    ]
    return {**asked, "heads": rows}


def knockout_lines(report: dict[str, Any], shown: int = 20) -> Iterator[str]:
    """The strongest knock-outs for people."""
    rows = report["heads"]
    asked = f", {report['right']} of {report['questions']} right with all of them" if "questions" in report else ""
    silent = sum(row["first_divergence"] is None for row in rows)
    yield f"{len(rows)} heads, {silent} of them silent{asked}; the strongest {min(shown, len(rows))}:"
    for row in rows[:shown]:
        kl = "overflow" if row["mean_kl"] is None else f"KL {row['mean_kl']:.4g}"
        what = "question" if "questions" in report else "token"
        parted = "silent" if row["first_divergence"] is None else f"parts at {what} {row['first_divergence'] + 1}"
        right = f", {row['right']} right" if "questions" in report else ""
        yield f"  {row['genotype']:<14} {kl:<14} {parted}{right}"


def findings_report(findings: Sequence[Finding]) -> dict[str, Any]:
    """Mutations that matter, the one that matters most first."""
    rows = [
        {
            "genotype": format_mutation(finding.mutation),
            "verified": finding.verified if math.isfinite(finding.verified) else None,
            "overflow": not math.isfinite(finding.verified),
            "estimate": finite(finding.estimate),
            "controls": 0 if finding.matched is None else len(finding.matched.controls),
            "p": None if finding.matched is None else finding.matched.p,
        }
        for finding in findings
    ]
    return {"findings": rows}


def findings_lines(report: dict[str, Any]) -> Iterator[str]:
    """A findings report for people."""
    yield "What each adds to the negative log-likelihood of the original's answer, in nats a token"
    yield f"{'mutation':<34} {'verified':>10} {'first-order estimate':>22} {'p among matched':>17}"
    for row in report["findings"]:
        verified = "overflow" if row["overflow"] else f"{row['verified']:.4g}"
        estimate = "(by its spike)" if row["estimate"] is None else f"{row['estimate']:.4g}"
        p = "" if row["p"] is None else f"{row['p']:.3g} of {row['controls']}"
        yield f"{row['genotype']:<34} {verified:>10} {estimate:>22} {p:>17}".rstrip()


def matched_report(genotype: Genotype, found: Matched) -> dict[str, Any]:
    """A genotype among matched controls."""
    return {
        "genotype": format_genotype(genotype),
        "added_nll": finite(found.added_nll),
        "overflow": not math.isfinite(found.added_nll),
        "controls": len(found.controls),
        "rank": found.rank,
        "p": found.p,
        "median_of_controls": finite(statistics.median(found.controls)),
        "sizes": [{"site": format_site(each.site), "rank": each.rank, "of": each.of} for each in found.sizes],
    }


def matched_lines(report: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    own = "overflow" if report["overflow"] else f"{report['added_nll']:.4g}"
    median = report["median_of_controls"]
    yield f"{report['genotype']} adds {own} nats a token to the negative log-likelihood of the original's answer."
    yield (
        f"Among {report['controls']} matched ones, with the same operation at places of the same matrix drawn at "
        f"random, its effect is number {report['rank']}: p = {report['p']:.3g}. Their median: "
        f"{'overflow' if median is None else f'{median:.4g}'}."
    )
    for size in report["sizes"]:
        yield f"The weights of {size['site']} are number {size['rank']:,} of {size['of']:,} places by size."


def sensitivity_report(
    anatomy: Anatomy, estimated: SensitivityMap, operation: str, agreement: Agreement, matrix: str | None
) -> dict[str, Any]:
    """The largest estimate of every matrix, the blocks of one, and how estimates agree with forward passes."""
    overview = anatomy.overview(lambda other: float(np.abs(estimated.estimates[other.name, operation]).max()))
    return {
        "operation": operation,
        "side": estimated.side,
        "kinds": list(overview.kinds),
        "largest": [[finite(value) for value in row] for row in overview.values.tolist()],
        "matrix": matrix,
        "blocks": None
        if matrix is None
        else [[finite(value) for value in row] for row in estimated.estimates[matrix, operation].tolist()],
        "agreement": {
            "rank_correlation": finite(agreement.rank_correlation),
            "estimated": [finite(value) for value in agreement.estimated],
            "verified": [finite(value) for value in agreement.verified],
        },
    }


def sensitivity_lines(report: dict[str, Any]) -> Iterator[str]:
    """A sensitivity report for people."""
    yield f"First-order estimate of the block of {report['side']} × {report['side']} that matters most, nats a token"
    yield "layer" + "".join(f"{kind:>10}" for kind in report["kinds"])
    for layer in range(len(report["largest"][0])):
        values = (row[layer] for row in report["largest"])
        yield f"{layer:>5}" + "".join(f"{'–':>10}" if value is None else f"{value:>10.3g}" for value in values)
    if report["blocks"] is not None:
        yield f"\n{report['matrix']}, block by block"
        for row in report["blocks"]:
            yield " ".join(f"{'–':>9}" if value is None else f"{value:>9.2g}" for value in row)
    rank = report["agreement"]["rank_correlation"]
    said = "is not defined" if rank is None else f"is {rank:.2f}"
    yield (
        f"\nOn {len(report['agreement']['verified'])} blocks drawn at random, the rank correlation of estimate and "
        f"forward pass {said}."
    )


def propagation_report(spread: Propagation, lens: Lens | None) -> dict[str, Any]:
    """How a mutation spreads, and what both models would say after one token, if one is asked for."""
    return {
        "tokens": list(spread.tokens),
        "prompt_length": spread.prompt_length,
        "changes": [[finite(value) for value in row] for row in spread.changes.tolist()],
        "token": lens and lens.position,
        "lens": [asdict(reading) for reading in lens.readings] if lens else [],
    }


def propagation_lines(report: dict[str, Any]) -> Iterator[str]:
    """A propagation report for people."""
    yield "Relative change of the hidden state after each layer: mean and largest over the tokens"
    for layers, row in enumerate(report["changes"]):
        known = [value for value in row if value is not None]
        if not known:
            yield f"{layers:>4}  overflow"
            continue
        at = row.index(max(known))
        yield f"{layers:>4} {sum(known) / len(known):>10.3g} {row[at]:>10.3g}  at token {at} {report['tokens'][at]!r}"
    if report["lens"]:
        yield f"\nAfter token {report['token']} {report['tokens'][report['token']]!r}, read out after each layer"
        for reading in report["lens"]:
            original, mutated = (_said(reading[side]) for side in ("original", "mutated"))
            yield f"{reading['layers']:>4}  {original:<44} {mutated}"


def epistasis_report(found: Epistasis, pairs: PairMatrix | None) -> dict[str, Any]:
    """Mutations alone and together; the interaction of every pair, if it is asked for."""
    names = [format_mutation(mutation) for mutation in found.mutations]
    together = range(len(names))
    return {
        "singles": [{"genotype": name, **_effect(effect)} for name, effect in zip(names, found.singles, strict=True)],
        "joint": _effect(found.joint),
        "sum": finite(found.sum),
        "interaction": finite(found.interaction),
        "pairs": None
        if pairs is None
        else [[None if a == b else finite(pairs.interaction(a, b)) for b in together] for a in together],
    }


def epistasis_lines(report: dict[str, Any]) -> Iterator[str]:
    """An epistasis report for people."""
    yield "What is added to the negative log-likelihood of the original's answer, in nats a token"
    width = max(len(row["genotype"]) for row in report["singles"])
    for row in report["singles"]:
        yield f"{row['genotype']:<{width}}  {_nats(row['added_nll'])}"
    yield f"{'sum of these':<{width}}  {_nats(report['sum'])}"
    yield f"{'all together':<{width}}  {_nats(report['joint']['added_nll'])}"
    interaction = "not defined" if report["interaction"] is None else _nats(report["interaction"])
    yield f"{'interaction':<{width}}  {interaction}"
    if report["pairs"] is not None:
        yield "\nHow much more each pair adds than its two"
        for place, (row, single) in enumerate(zip(report["pairs"], report["singles"], strict=True)):
            told = ("–" if place == other else "undefined" if v is None else f"{v:.4g}" for other, v in enumerate(row))
            yield f"{single['genotype']:<{width}}  " + " ".join(f"{each:>10}" for each in told)


def _effect(effect: Effect) -> dict[str, Any]:
    return {**asdict(effect), "added_nll": finite(effect.added_nll)}


def _nats(value: float | None) -> str:
    return "overflow" if value is None else f"{value:>10.4g}"


def _said(alternatives: Sequence[dict[str, Any]]) -> str:
    return " ".join(f"{each['text']!r} {each['probability']:.0%}" for each in alternatives[:3]) or "overflow"
