"""Thresholds: a line of warning when the present genotype passes one, and the limits themselves.

Everything here happens after a run's last update, in an event of its own: no text waits for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.thresholds import Measured, Thresholds, passed
from explorer.files.thresholds import read_thresholds
from explorer.ui.explore.trials import Trial
from explorer.ui.numbers import Number
from explorer.ui.words import notice_html
from explorer.workspace.workspace import Workspace

_HINT = (
    '<p class="caption">A line below the texts warns when a genotype passes one of these. The control text is a fixed '
    "paragraph; its perplexity is that of the mutant over that of the original. An empty box: no warning.</p>"
)


@dataclass(frozen=True, slots=True)
class WatchPanel:
    """The components."""

    warning: gr.HTML
    control_ratio: gr.Number
    mean_kl: gr.Number
    accuracy_drop: gr.Number

    @property
    def limits(self) -> list[gr.Number]:
        """In the order of the fields of `Thresholds`."""
        return [self.control_ratio, self.mean_kl, self.accuracy_drop]


def build_warning() -> gr.HTML:
    """Where the line of warning is."""
    return gr.HTML(apply_default_css=False, elem_classes="thresholds-passed")


def build_limits(workspace: Workspace, warning: gr.HTML) -> WatchPanel:
    """Lay the limits out. Raises WatchError if their file cannot be read."""
    limits = read_thresholds(workspace.settings.thresholds)
    with gr.Accordion("Thresholds", open=False, elem_classes="card thresholds"):
        gr.HTML(_HINT, apply_default_css=False)
        with gr.Row():
            control_ratio = Number(label="Control perplexity (×)", value=limits.control_ratio, minimum=0)
            mean_kl = Number(label="Mean KL (nats)", value=limits.mean_kl, minimum=0)
            accuracy_drop = Number(
                label="Accuracy lost (share; seconds a run)",
                value=limits.accuracy_drop,
                minimum=0,
                maximum=1,
            )
    return WatchPanel(warning=warning, control_ratio=control_ratio, mean_kl=mean_kl, accuracy_drop=accuracy_drop)


class WatchHandlers:
    """The behaviour of the warning."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def warn(self, trial: Trial | None, *limits: float | None) -> str:
        """The line on the trial's genotype; "" if it passes nothing."""
        if trial is None or not trial.genotype:
            return ""
        thresholds = Thresholds(**dict(zip(("control_ratio", "mean_kl", "accuracy_drop"), limits, strict=True)))
        try:
            return warning_html(trial.genotype, passed(thresholds, self._measured(trial, thresholds)))
        except ExplorerError as fault:
            return notice_html(str(fault))

    def _measured(self, trial: Trial, thresholds: Thresholds) -> Measured:
        """What the thresholds ask for, and nothing that they do not."""
        measure = self._workspace.accuracy if thresholds.accuracy_drop else None
        return Measured(
            control_ratio=0.0 if thresholds.control_ratio is None else self._control_ratio(trial),
            mean_kl=math.inf if trial.mean_kl is None else trial.mean_kl,
            accuracy=None if measure is None else measure(trial.model, trial.genotype),
        )

    def _control_ratio(self, trial: Trial) -> float:
        model = self._workspace.models.present(trial.model)
        return self._workspace.instruments.control_ratio(model, model.anatomy.read(trial.genotype))


def warning_html(genotype: str, phrases: tuple[str, ...]) -> str:
    """The line of warning; "" for no phrase."""
    if not phrases:
        return ""
    said = " · ".join(escape(phrase[0].upper() + phrase[1:]) for phrase in phrases)
    return f'<p class="threshold-warning" role="status"><b>⚠ {said}</b> <code>{escape(genotype)}</code></p>'
