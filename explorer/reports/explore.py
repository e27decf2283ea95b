"""What is reported of a run and of a model: plain values, and their lines for people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from explorer.domain.decoding import Decoding, Prompt, read_extras
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import Genotype, Slice
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.domain.pair import PairUpdate
from explorer.domain.record import Run
from explorer.domain.site_notation import format_site
from explorer.domain.weights import Grid
from explorer.model.loaded import LoadedModel
from explorer.workspace.workspace import Workspace


def mutate_report(
    workspace: Workspace, model: LoadedModel, genotype: Genotype, prompt: Prompt, decoding: Decoding
) -> dict[str, Any]:
    """Run a pair to its end: what was asked and changed, and its facts. Raises PromptError, ModelError."""
    *_, update = workspace.pairs.stream(model, prompt, decoding, genotype)
    return {
        "genotype": format_genotype(genotype),
        "change": workspace.weights.describe(model, genotype),
        "model": model.name,
        "prompt": prompt.text,
        "chat": prompt.chat,
        "plain": prompt.plain,
        **prompt.extras,
        "prompt_remark": model.remark_on(prompt),
        "decoding": asdict(decoding),
        **pair_report(update),
    }


def keep_pair(workspace: Workspace, model: LoadedModel, report: dict[str, Any]) -> bool:
    """Put a mutant's run into the lab record; whether it did: what has no measures is not kept."""
    is_kept = bool(report["genotype"]) and report["cosine"] is not None
    if is_kept:
        workspace.record.keep(model, pair_run(report))
    return is_kept


def pair_report(update: PairUpdate) -> dict[str, Any]:
    """The facts of a finished run."""
    measures = update.measures
    return {
        "original": "".join(update.original),
        "mutated": "".join(update.mutated),
        "silent": update.is_silent,
        "first_divergence": update.first_divergence,
        "original_tokens": len(update.original_tokens),
        "mutated_tokens": len(update.mutated_tokens),
        "original_end": update.original_end,
        "mutated_end": update.mutated_end,
        "share_changed": measures.share_changed if measures else None,
        "cosine": measures.cosine if measures else None,
        "mean_kl": measures.mean_kl if measures else None,
        "perplexity": finite(measures.perplexity) if measures else None,
        "near_ties": measures.near_ties if measures else None,
        "elapsed_seconds": round(update.elapsed_seconds, 3),
    }


PAIR_METRICS = ("mean_kl", "first_divergence", "share_changed", "cosine", "perplexity", "near_ties")
"""What the lab record keeps of the measures of a run."""


def pair_run(report: dict[str, Any]) -> Run:
    """A pair report, with genotype, prompt and decoding, as the lab record keeps it."""
    return Run(
        kind="explore",
        genotypes=(report["genotype"],),
        prompt=Prompt(text=report["prompt"], chat=report["chat"], plain=report["plain"], **read_extras(report)),
        decoding=Decoding(**report["decoding"]),
        original=report["original"],
        mutated=report["mutated"],
        metrics={name: float(report[name]) for name in PAIR_METRICS if report[name] is not None},
        detail={"change": report["change"]},
    )


def pair_lines(report: dict[str, Any]) -> Iterator[str]:
    """A pair report, with what was changed, for people."""
    yield report["change"]
    if report["prompt_remark"]:
        yield report["prompt_remark"]
    yield f"\nOriginal\n{report['original']}\n"
    yield f"Mutated\n{report['mutated']}\n"
    if report["mutated_end"] == "overflow":
        yield "The mutant's forward pass overflowed: its numbers became infinite."
    if report["original_end"] == "overflow":
        yield "The original model's own forward pass overflowed: try another precision."
        return
    if report["silent"]:
        yield "Silent: the mutant chose every token as the original did."
    else:
        yield f"First divergence   token {report['first_divergence'] + 1} of {report['original_tokens']}"
    yield f"Tokens changed     {_share(report['share_changed'])}"
    yield f"Word cosine        {_number(report['cosine'])}"
    yield f"Mean KL            {_number(report['mean_kl'])} nats"
    yield f"Perplexity         {_number(report['perplexity'])} (mutated text, original model)"
    yield f"Near ties          {report['near_ties']}"
    yield f"Time               {report['elapsed_seconds']:.2f} s"


def anatomy_report(model: LoadedModel, layer: int | None) -> dict[str, Any]:
    """The matrices of a model, or of one of its layers. Raises ExplorerError if it has no such layer."""
    anatomy = model.anatomy
    if layer is not None and layer >= anatomy.layer_count:
        raise ExplorerError(f"The model has {anatomy.layer_count} layers, 0 to {anatomy.layer_count - 1}.")
    matrices = [matrix for matrix in anatomy.matrices.values() if layer is None or matrix.layer == layer]
    return {
        "model": model.name,
        "family": anatomy.model_type,
        "family_is_known": anatomy.layer_count > 0,
        "parameters": anatomy.parameter_count,
        "layers": anatomy.layer_count,
        "hidden_size": anatomy.hidden_size,
        "query_heads": anatomy.query_heads,
        "kv_heads": anatomy.kv_heads,
        "addressed": sum(matrix.size for matrix in {each.uses: each for each in anatomy.matrices.values()}.values()),
        "checked": _checked(model),
        "matrices": [
            {
                "name": matrix.name,
                "rows": matrix.rows,
                "columns": matrix.columns,
                "heads": matrix.head_count,
                "headless": matrix.headless,
                "tensor": matrix.uses[0].path,
                **asdict(model.statistics(matrix)),
            }
            for matrix in matrices
        ],
    }


def _checked(model: LoadedModel) -> dict[str, Any]:
    """What the model's trial has found; empty before it."""
    if not model.verdicts:
        return {}
    verdict = model.verdicts[0]
    return {"sentence": verdict.sentence, **asdict(verdict)}


def anatomy_lines(report: dict[str, Any]) -> Iterator[str]:
    """An anatomy report for people."""
    yield (
        f"{report['model']}: {report['parameters']:,} parameters, {report['layers']} layers, hidden size "
        f"{report['hidden_size']}, {report['query_heads']} query heads, {report['kv_heads']} KV heads"
    )
    share = report["addressed"] / report["parameters"]
    yield f"{share:.0%} of them can be mutated, each under one of the names below or by its path"
    if report["checked"]:
        yield report["checked"]["sentence"]
    if not report["family_is_known"]:
        yield f"No layers are known of '{report['family']}': its matrices are named by path."
    width = max((len(matrix["name"]) for matrix in report["matrices"]), default=0)
    yield f"{'matrix':<{width}}  {'shape':>15}  heads        min        max  deviation"
    for matrix in report["matrices"]:
        shape = f"{matrix['rows']:,} × {matrix['columns']:,}"
        yield (
            f"{matrix['name']:<{width}}  {shape:>15}  {matrix['heads'] or '–':>5} {matrix['minimum']:>10.4f} "
            f"{matrix['maximum']:>10.4f} {matrix['deviation']:>10.4f}"
        )


def grid_report(matrix: str, grid: Grid) -> dict[str, Any]:
    """A map of a matrix: each cell holds its weight of largest magnitude."""
    return {
        "matrix": matrix,
        "rows": [grid.rows.start, grid.rows.stop],
        "columns": [grid.columns.start, grid.columns.stop],
        "cell": [grid.cell_rows, grid.cell_columns],
        "values": grid.values.tolist(),
    }


def grid_lines(report: dict[str, Any]) -> Iterator[str]:
    """A map of a matrix for people: where its ten cells of largest magnitude are."""
    height, width = report["cell"]
    (top, bottom), (left, right) = report["rows"], report["columns"]
    yield (
        f"{report['matrix']}, rows {top} to {bottom - 1}, columns {left} to {right - 1}: "
        f"{len(report['values'])} × {len(report['values'][0])} cells of {height} × {width}"
    )
    whole = parse_genotype(f"{report['matrix']}=0").mutations[0].site
    cells = [(value, row, column) for row, line in enumerate(report["values"]) for column, value in enumerate(line)]
    for value, row, column in sorted(cells, key=lambda cell: -abs(cell[0]))[:10]:
        rows = Slice(top + row * height, min(top + (row + 1) * height, bottom))
        columns = Slice(left + column * width, min(left + (column + 1) * width, right))
        yield f"{format_site(replace(whole, rows=rows, columns=columns)):<36} {value:>10.4f}"


def finite(value: float | None) -> float | None:
    """None for what JSON has no number for."""
    return value if value is not None and math.isfinite(value) else None


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
