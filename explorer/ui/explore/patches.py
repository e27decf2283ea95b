"""The present result's mutations as a patch file, handed to the browser."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.ui.components.saver import Saver
from explorer.ui.explore.trials import Trial, patch_command
from explorer.ui.words import notice_html
from explorer.workspace.workspace import Workspace

NAME = "mutation.patch.json"

MOST_WEIGHTS = 2**20
"""Larger patches, of tens of megabytes, are for the command line."""


class Patches:
    """The behaviour of the button."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def hand_out(self, trial: Trial | None) -> list[Any]:
        """The file that the browser saves, and the notice."""
        if trial is None:
            return [gr.skip(), gr.skip()]
        try:
            return [Saver.file(NAME, self._text(trial).encode()), ""]
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]

    def _text(self, trial: Trial) -> str:
        from explorer.mutation.patch_file import format_patch

        model = self._workspace.models.present(trial.model)
        genotype = model.anatomy.read(trial.genotype)
        count = self._workspace.weights.count(model, genotype)
        if count > MOST_WEIGHTS:
            raise ExplorerError(
                f"A patch of {count:,} weights is too large for the page: write it with `{patch_command(trial)}`."
            )
        return format_patch(self._workspace.exchange.patch(model, genotype))
