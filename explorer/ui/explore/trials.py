"""What was tried in a visit, and the forms in which a result is taken away; plain values and texts."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from typing import Any

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.pair import PairUpdate
from explorer.domain.parting import parting
from explorer.domain.placement import Placement
from explorer.domain.record import Run
from explorer.reports.again import mutate_command
from explorer.reports.explore import PAIR_METRICS, finite

KEPT = 100
"""How many trials of a visit are remembered."""

MOST_PINNED = 4
"""How many texts are compared side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One finished run: what was asked, what was changed, and what came of it."""

    model: str
    """The model's source, as the workspace knows it."""
    placement: Placement
    """Asked for at the start."""
    genotype: str
    """In notation; "" is the original model."""
    change: str
    """In words."""
    prompt: Prompt
    decoding: Decoding
    address: str
    """The query that restores the page."""
    original: str
    mutated: str
    first_divergence: int | None
    cosine: float
    mean_kl: float | None
    perplexity: float | None
    share_changed: float
    near_ties: int


def trial_of(
    update: PairUpdate,
    *,
    model: str,
    placement: Placement,
    genotype: str,
    change: str,
    prompt: Prompt,
    decoding: Decoding,
    address: str,
) -> Trial | None:
    """The trial that a run's last update makes; None if it was stopped or the original itself overflowed."""
    measures = update.measures
    if measures is None:
        return None
    return Trial(
        model=model,
        placement=placement,
        genotype=genotype,
        change=change,
        prompt=prompt,
        decoding=decoding,
        address=address,
        original="".join(update.original),
        mutated="".join(update.mutated),
        first_divergence=update.first_divergence,
        cosine=measures.cosine,
        mean_kl=measures.mean_kl,
        perplexity=finite(measures.perplexity),
        share_changed=measures.share_changed,
        near_ties=measures.near_ties,
    )


def as_run(trial: Trial, *, is_recorded: bool = False) -> Run:
    """A trial as the lab record keeps it; `is_recorded`: it was shown from a recording, not computed."""
    measured = {name: getattr(trial, name) for name in PAIR_METRICS}
    return Run(
        kind="explore",
        genotypes=(trial.genotype,),
        prompt=trial.prompt,
        decoding=trial.decoding,
        original=trial.original,
        mutated=trial.mutated,
        metrics={name: float(value) for name, value in measured.items() if value is not None},
        link=trial.address,
        detail={"change": trial.change} | ({"recorded": True} if is_recorded else {}),
    )


def remembered(trials: tuple[Trial, ...], trial: Trial) -> tuple[Trial, ...]:
    """The trials with another, the newest first; one that was there moves up."""
    return (trial, *(other for other in trials if other != trial))[:KEPT]


def command_line(trial: Trial) -> str:
    """The command that repeats a trial."""
    return mutate_command(trial.genotype, trial.prompt, trial.decoding, model=trial.model, placement=trial.placement)


def save_command(trial: Trial) -> str:
    """The command that writes a trial's mutant as a folder of safetensors."""
    parts = ["python", "-m", "explorer", "save", trial.genotype, "--folder", "mutant"]
    return shlex.join([*parts, *_model_options(trial)])


def patch_command(trial: Trial) -> str:
    """The command that writes a trial's mutations as a patch file."""
    parts = ["python", "-m", "explorer", "patch", trial.genotype, "--file", "mutant.patch.json"]
    return shlex.join([*parts, *_model_options(trial)])


def _model_options(trial: Trial) -> list[str]:
    return [*trial.placement.options, "--model", trial.model]


def python_code(trial: Trial) -> str:
    """Three lines for a notebook that repeat a trial."""
    plain = {"plain": True} if trial.prompt.plain else {}
    asked = {"chat": trial.prompt.chat, **plain, **trial.prompt.extras, **asdict(trial.decoding)}
    options = ", ".join(f"{name}={value!r}" for name, value in asked.items())
    where = "".join(f", {name}={value!r}" for name, value in trial.placement.given.items())
    return (
        "from explorer.notebook import compare, load\n"
        f"model = load({trial.model!r}{where})\n"
        f"compare(model, {trial.genotype!r}, {trial.prompt.text!r}, {options})"
    )


def as_json(trial: Trial) -> str:
    """Everything that is known of a trial."""
    return json.dumps({**asdict(trial), "command": command_line(trial)}, ensure_ascii=False, indent=2, allow_nan=False)


def as_markdown(trial: Trial) -> str:
    """A trial as a page to read."""
    parted = "none: silent" if trial.first_divergence is None else f"token {trial.first_divergence + 1}"
    decoding = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(trial.decoding).items())
    rows = [
        ("Model", trial.model),
        ("Mutation", f"`{trial.genotype or 'none'}`"),
        ("Prompt", f"{trial.prompt.text} ({'chat' if trial.prompt.chat else 'raw text'})"),
        ("Decoding", decoding),
        ("First divergence", parted),
        ("Tokens changed", f"{trial.share_changed:.0%}"),
        ("Word similarity", f"{trial.cosine:.3f}"),
        ("Mean KL", _number(trial.mean_kl, " nats")),
        ("Perplexity", _number(trial.perplexity, "")),
    ]
    table = "\n".join(f"| {name} | {_cell(value)} |" for name, value in rows)
    return (
        f"# {trial.change}\n\n| | |\n|---|---|\n{table}\n\n## Original\n\n{_quoted(trial.original)}\n\n"
        f"## Mutated\n\n{_quoted(trial.mutated)}\n\n## Again\n\n```sh\n{command_line(trial)}\n```\n"
    )


def row_of(trial: Trial) -> dict[str, Any]:
    """What lists of trials show of one."""
    common = parting(trial.original, trial.mutated)
    return {
        "genotype": trial.genotype,
        "prompt": trial.prompt.text,
        "divergence": trial.first_divergence,
        "mean_kl": trial.mean_kl,
        "cosine": trial.cosine,
        "common": trial.mutated[:common],
        "rest": trial.mutated[common:],
    }


def _number(value: float | None, unit: str) -> str:
    return "too large for a number" if value is None else f"{value:.4g}{unit}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines()) or "> (nothing)"
