"""How a mutation spreads: what it changes of the hidden states, and what each layer would say (logit lens).

Original and mutant run over the baseline's tokens in one batch, so that what a mutation cannot reach differs by
rounding at most.
"""

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.effects import Lens, LensReading, Propagation
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.gradients import tokens_of
from explorer.generation.measures import likeliest
from explorer.generation.passes import forward, watch_hidden
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import make_mutant, mutated_view


def propagate(model: LoadedModel, baseline: Baseline, genotype: Genotype) -> Propagation:
    """The relative change of every hidden state. Raises ModelError if the model's layers are not known."""
    _, original, mutant = _run(model, baseline, genotype)
    changes = (mutant - original).norm(dim=-1) / original.norm(dim=-1)
    changes[~torch.isfinite(changes)] = torch.nan
    return Propagation(
        tokens=_shown(model, baseline),
        prompt_length=len(baseline.prompt_tokens),
        changes=changes.cpu().numpy(),
    )


def read_layers(model: LoadedModel, baseline: Baseline, genotype: Genotype, position: int) -> Lens:
    """What each model would say after the token at a position, read out before each layer and after the last.

    Each reads with its own final norm and head, mutated ones included. Raises ModelError as `propagate` does, and
    for a position that is not there.
    """
    view, original, mutant = _run(model, baseline, genotype)
    if not 0 <= position < original.shape[1]:
        raise ModelError(f"There are {original.shape[1]} tokens, 0 to {original.shape[1] - 1}: no token {position}.")
    logits = _read_out(model, view, torch.stack([original[:, position], mutant[:, position]]))
    rows = zip(likeliest(model, logits[0]), likeliest(model, logits[1]), strict=True)
    readings = tuple(LensReading(layers=layers, original=a, mutated=b) for layers, (a, b) in enumerate(rows))
    return Lens(token=_shown(model, baseline)[position], position=position, readings=readings)


def _shown(model: LoadedModel, baseline: Baseline) -> tuple[str, ...]:
    """The tokens of prompt and answer, as a person reads them."""
    return tuple(model.show_token(token) for token in tokens_of(model, baseline)[0].tolist())


def _run(model: LoadedModel, baseline: Baseline, genotype: Genotype) -> tuple[View, Tensor, Tensor]:
    """The view, and both models' hidden states [layers + 1, tokens, hidden size], float32."""
    view = mutated_view(model, {1: make_mutant(model, genotype)})
    records = [watch_hidden(model, view, row) for row in (0, 1)]
    if not records[0]:
        raise ModelError(
            f"The layers of a model of the family '{model.anatomy.model_type}' are not known, so nothing can be read "
            "between them."
        )
    forward(model, view, tokens_of(model, baseline).expand(2, -1), DynamicCache(), keep=1)
    original, mutant = (torch.cat([passes[0] for passes in record]).float() for record in records)
    return view, original, mutant


def _read_out(model: LoadedModel, view: View, hidden: Tensor) -> Tensor:
    """Logits [2, layers + 1, vocabulary] of hidden states [2, layers + 1, hidden size]: original, mutant."""
    family = model.anatomy.family
    assert family is not None
    norm = view.root.get_submodule(f"{family.decoder}.{family.norm}")
    head = view.root.get_submodule(family.head)
    with torch.inference_mode():
        logits: Tensor = head(norm(hidden.to(model.dtype))).float()
    cap = getattr(model.causal_lm.config.get_text_config(), "final_logit_softcapping", None)
    return logits if cap is None else cap * torch.tanh(logits / cap)
