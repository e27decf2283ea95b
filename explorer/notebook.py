"""For notebooks and scripts: load a model, mutate it, compare.

    from explorer.notebook import compare, load, mutated

    model = load()
    compare(model, "11.mlp*0", "What is the capital of France?")

`mutated` works on a plain transformers model, around its own `generate`; `apply_patch` makes a mutant that stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from explorer.domain.decoding import Decoding, Prompt, read_turns
from explorer.domain.errors import ExplorerError, ModelError
from explorer.domain.pair import Measures
from explorer.generation.baseline import Baselines
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel, Specimen
from explorer.model.loading import load_model
from explorer.model.reading import read_anatomy
from explorer.model.widened import narrowed
from explorer.mutation.apply import Patch, make_mutant, patches
from explorer.mutation.describe import describe
from explorer.mutation.patch import patched_copy
from explorer.mutation.patch_file import read_patch

__all__ = ["Comparison", "apply_patch", "compare", "load", "mutated"]

load = load_model

_BASELINES = Baselines(4)
_MUTATED: WeakSet[PreTrainedModel] = WeakSet()
"""The models inside a `mutated` block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the original and the mutant said."""

    change: str
    """What was changed, in words."""
    original: str
    mutated: str
    first_divergence: int | None
    """The first token, from 0, that the mutant chose otherwise; None: silent."""
    measures: Measures

    def _repr_html_(self) -> str:
        """Side by side, in a notebook."""
        cells = "".join(
            f"<td style='vertical-align:top;width:50%;white-space:pre-wrap;text-align:left'>{escape(text)}</td>"
            for text in (self.original, self.mutated)
        )
        return (
            f"<p><b>{escape(self.change)}</b></p><table><tr><th>Original</th><th>Mutated</th></tr>"
            f"<tr>{cells}</tr></table>"
        )


def compare(
    model: LoadedModel,
    genotype: str,
    prompt: str,
    *,
    chat: bool | None = None,
    plain: bool = False,
    system: str | None = None,
    thinking: bool = False,
    prefill: str = "",
    turns: Sequence[Mapping[str, str]] = (),
    **decoding: Any,
) -> Comparison:
    """Both answers to a prompt; `plain` takes control tokens in it as text, `prefill` is the beginning of the answer.

    `turns` are earlier ones, such as `{"role": "user", "content": "Hello"}`; a `system` prompt takes the place of the
    template's own.

    `decoding` takes the fields of `explorer.domain.Decoding`: max_new_tokens, temperature, top_p, seed,
    top_k, max_length. Raises
    ExplorerError with a sentence for whatever is wrong with the arguments.
    """
    read = model.anatomy.read(genotype)
    asked = Prompt(
        text=prompt,
        chat=model.has_chat_template if chat is None else chat,
        plain=plain,
        system=system,
        thinking=thinking,
        prefill=prefill,
        turns=read_turns(turns),
    )
    *_, update = generate_pair(model, asked, Decoding(**decoding), read, _BASELINES)
    if update.measures is None:
        raise ModelError("The original model's own forward pass overflows: try another prompt or precision.")
    return Comparison(
        change=describe(model, read),
        original="".join(update.original),
        mutated="".join(update.mutated),
        first_divergence=update.first_divergence,
        measures=update.measures,
    )


@contextmanager
def mutated(model: PreTrainedModel, genotype: str) -> Iterator[PreTrainedModel]:
    """Let a plain transformers model compute as a mutant inside the block, whoever calls it.

    The weights are not written to: forward hooks recompute what the mutation feeds, and are removed at the end,
    whatever happens inside. Raises NotationError for a genotype that the model does not have, and ExplorerError if the
    model is a mutant already: each block computes from the unmutated weights, so mutations are joined in one text.
    """
    if model in _MUTATED:
        raise ExplorerError("The model is mutated already: join the mutations with ';' in one block.")
    specimen = Specimen(causal_lm=model, anatomy=read_anatomy(model))
    mutant = make_mutant(specimen, specimen.anatomy.read(genotype))
    handles = [
        model.get_submodule(path).register_forward_hook(_hook(patch))
        for path, patch in patches(model, mutant, slice(None))
    ]
    _MUTATED.add(model)
    try:
        yield model
    finally:
        _MUTATED.discard(model)
        for handle in handles:
            handle.remove()


def apply_patch(model: PreTrainedModel | LoadedModel | str, file: str | Path) -> PreTrainedModel:
    """A mutant from a patch file, as a transformers model of its own.

    `model` is one in memory, which stays as it is and shares what is not mutated, or what `load` takes. Raises
    ExchangeError if the patch cannot be read or was made from another model.
    """
    patch = read_patch(Path(file))
    if isinstance(model, str):
        model = load(model)
    if isinstance(model, LoadedModel):
        return narrowed(patched_copy(model, patch, model.name))
    specimen = Specimen(causal_lm=model, anatomy=read_anatomy(model))
    return patched_copy(specimen, patch, model.config.name_or_path or "a model without a name")


def _hook(patch: Patch) -> Any:
    def hook(_module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
        with torch.no_grad():
            return patch(arguments[0], output.detach().clone())

    return hook
