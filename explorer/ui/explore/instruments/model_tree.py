"""The instrument Model: all parts of the loaded model, drawn to scale; a click chooses the site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import ATTENTION_KINDS, MLP_KINDS, is_vector, is_whole_expert
from explorer.domain.verdict import Verdict
from explorer.model.anatomy import Anatomy, Matrix, Use, kind_of, sort_of
from explorer.model.loaded import LoadedModel
from explorer.ui.components.model_tree import ModelTree
from explorer.ui.events import LATEST, QUIETLY
from explorer.ui.explore.edge import edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.selection import selection_of
from explorer.ui.explore.wiring import connect_move

CLEARED: list[Any] = ["", ""]

_Names = dict[tuple[Use, ...], list[str]]
"""The names of a tensor: tied ones have several."""


@dataclass(frozen=True, slots=True)
class Model:
    """The components."""

    tree: ModelTree
    shown: gr.State
    """The source of the model that is drawn; "": none."""

    @property
    def results(self) -> Sequence[Any]:
        """What is seen of one model."""
        return [self.tree, self.shown]


def build() -> Model:
    """Lay the instrument out."""
    return Model(tree=ModelTree(), shown=gr.State(""))


def wire(model: Model, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = ModelHandlers(handlers)
    tab.target.change(own.draw, [tab.exploration, model.shown], [model.tree, model.shown], **QUIETLY | LATEST)
    connect_move(tab, handlers, model.tree.choose, own.choose, [])


class ModelHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def draw(self, exploration: Exploration, shown: str) -> list[Any]:
        """The whole model, unless it is drawn already."""
        if shown == exploration.source and shown:
            return [gr.skip(), gr.skip()]
        try:
            model = self._handlers.model(exploration)
        except ExplorerError:
            return ["", ""]
        return [json.dumps(tree_of(model), ensure_ascii=False), exploration.source]

    @edge
    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A part was clicked: the controls go there with what they do."""
        anatomy = self._handlers.model(exploration).anatomy
        site = anatomy.read(f"{event.site}*1").mutations[0].site
        moved = exploration.pointed_at(selection_of(site, anatomy, exploration.selection), anatomy)
        return self._handlers.move(moved, request, before=exploration, runs=exploration.operation is not None)


def tree_of(model: LoadedModel) -> dict[str, Any]:
    """The parts outside the layers and those of each layer, as the script draws them."""
    anatomy, verdict = model.anatomy, next(iter(model.verdicts), None)
    own = [matrix for matrix in anatomy.matrices.values() if matrix.layer is None]
    names: _Names = {}
    for matrix in anatomy.matrices.values():
        names.setdefault(matrix.uses, []).append(matrix.name)
    return {
        "model": model.name,
        "weights": anatomy.parameter_count,
        "outside": [_part(matrix, names, verdict) for matrix in own],
        "layers": [_layer(anatomy, layer, names, verdict) for layer in range(anatomy.layer_count)],
    }


def _layer(anatomy: Anatomy, layer: int, names: _Names, verdict: Verdict | None) -> dict[str, Any]:
    matrices = [matrix for matrix in anatomy.matrices.values() if matrix.layer == layer]
    experts = [matrix for matrix in matrices if _is_of_expert(matrix)]
    first = [matrix for matrix in experts if matrix.kind.startswith("expert0.")]
    parts = [_part(matrix, names, verdict) for matrix in matrices if not _is_of_expert(matrix)]
    return {
        "layer": layer,
        "weights": sum(matrix.size for matrix in matrices if names[matrix.uses][0] == matrix.name),
        "parts": parts,
        "experts": {
            "count": anatomy.experts(layer),
            "weights": sum(matrix.size for matrix in experts),
            "kinds": [kind_of(matrix.kind) for matrix in first],
            "shapes": [f"{matrix.rows:,} × {matrix.columns:,}" for matrix in first],
            "slow": any(_is_slow(matrix, verdict) for matrix in first),
        }
        if experts
        else None,
    }


def _is_of_expert(matrix: Matrix) -> bool:
    return is_whole_expert(matrix.kind.partition(".")[0]) and not matrix.kind.startswith("shared")


def _part(matrix: Matrix, names: _Names, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "again": names[matrix.uses][0] != matrix.name,
        "site": matrix.name,
        "kind": matrix.kind,
        "role": _role(matrix),
        "shape": f"{matrix.rows:,}" if matrix.columns == 1 else f"{matrix.rows:,} × {matrix.columns:,}",
        "weights": matrix.size,
        "heads": matrix.head_count or 0,
        "remark": "; ".join(_remarks(matrix, names, verdict)),
        "path": matrix.uses[0].path,
    }


def _role(matrix: Matrix) -> str:
    """Which colour it has."""
    base = kind_of(matrix.kind.removesuffix(".bias"))
    if matrix.columns == 1 or is_vector(matrix.kind):
        return "vector"
    if base in ATTENTION_KINDS or "attn" in matrix.kind or "attention" in matrix.kind:
        return "attention"
    if base in MLP_KINDS or matrix.kind == "router" or ".mlp." in f".{matrix.kind}":
        return "mlp"
    return "other"


def _remarks(matrix: Matrix, names: _Names, verdict: Verdict | None) -> list[str]:
    """What is to be known of a part: what it is tied to, why it has no heads, how its mutations are computed."""
    same = [name for name in names[matrix.uses] if name != matrix.name]
    remarks = [f"the same weights as {', '.join(same)}"] if same else []
    if matrix.headless:
        remarks.append(f"heads not apart: {matrix.headless}")
    if _is_slow(matrix, verdict):
        remarks.append("mutations computed one by one")
    return remarks


def _is_slow(matrix: Matrix, verdict: Verdict | None) -> bool:
    return verdict is not None and sort_of(matrix) in verdict.slow
