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
from explorer.generation.draft import is_alone_over
from explorer.generation.gradients import tokens_of
from explorer.generation.measures import likeliest
from explorer.generation.passes import forward, forward_from, watch_hidden
from explorer.generation.trial import single_of, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import Mutant, make_mutant, mutated_view


def propagate(model: LoadedModel, baseline: Baseline, genotype: Genotype) -> Propagation:
    """The relative change of every hidden state. Raises ModelError if the model's layers are not known."""
    original, mutant = _run(model, baseline, make_mutant(model, genotype))
    changes = (mutant - original).norm(dim=-1) / original.norm(dim=-1)
    changes[~torch.isfinite(changes)] = torch.nan
    changes[(mutant == original).all(-1)] = 0.0  # of a padding token's embedding, which is nothing
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
    changed = make_mutant(model, genotype)
    original, mutant = _run(model, baseline, changed)
    if not 0 <= position < original.shape[1]:
        raise ModelError(f"There are {original.shape[1]} tokens, 0 to {original.shape[1] - 1}: no token {position}.")
    logits = _read_out(model, baseline, changed, torch.stack([original[:, position], mutant[:, position]]))
    _check_reading(model, baseline, logits[0, -1], position)
    rows = zip(likeliest(model, logits[0]), likeliest(model, logits[1]), strict=True)
    readings = tuple(LensReading(layers=layers, original=a, mutated=b) for layers, (a, b) in enumerate(rows))
    return Lens(token=_shown(model, baseline)[position], position=position, readings=readings)


def _shown(model: LoadedModel, baseline: Baseline) -> tuple[str, ...]:
    """The tokens of prompt and answer, as a person reads them."""
    return tuple(model.show_token(token) for token in tokens_of(model, baseline)[0].tolist())


def _check_reading(model: LoadedModel, baseline: Baseline, logits: Tensor, position: int) -> None:
    """Raises ModelError if what is read out after the last layer is not what the model says at a position."""
    place = position - len(baseline.prompt_tokens) + 1
    if not 0 <= place < len(baseline.tokens):
        return
    own = baseline.logits[place]
    if float((logits - own).abs().max()) > READ_OUT * float(own.abs().max()):
        raise ModelError(f"What this model ({model.anatomy.model_type}) would say cannot be read between its layers.")


READ_OUT = 0.02
"""How far a reading after the last layer may be from the model's own logits, as a share of their largest."""


def _run(model: LoadedModel, baseline: Baseline, mutant: Mutant) -> tuple[Tensor, Tensor]:
    """Both models' hidden states [layers + 1, tokens, hidden size], float32."""
    if model.anatomy.trunk is None:
        raise ModelError(
            f"The layers of this model ({model.anatomy.model_type}) are not known, so nothing can be read between them."
        )
    if is_alone_over(model, baseline, mutant):
        nothing = make_mutant(model, Genotype())
        return _watch_alone(model, baseline, nothing), _watch_alone(model, baseline, mutant)
    view = mutated_view(model, {1: mutant})
    records = [watch_hidden(model, view, row) for row in (0, 1)]
    text = tokens_of(model, baseline)
    forward(model, view, text.expand(2, -1), DynamicCache(), keep=text.shape[1])
    original, mutated = (_joined(model, record, text.shape[1]) for record in records)
    return original, mutated


def _joined(model: LoadedModel, records: list[list[Tensor]], tokens: int) -> Tensor:
    """Hidden states [layers + 1, tokens, hidden size], float32. Raises ModelError if they are something else."""
    if any(len(record) != 1 or record[0].ndim != HIDDEN or record[0].shape[1] != tokens for record in records):
        raise ModelError(
            f"The layers of this model ({model.anatomy.model_type}) do not follow one another, so nothing can be read "
            "between them."
        )
    return torch.cat([record[0] for record in records]).float()


def _watch_alone(model: LoadedModel, baseline: Baseline, mutant: Mutant) -> Tensor:
    """One model's hidden states [layers + 1, tokens, hidden size], float32, by the plain procedure."""
    view = View(model.twin)
    records = watch_hidden(model, view, 0)
    text = tokens_of(model, baseline)[0].tolist()
    single_of(model, mutant).whole(text, len(text), view.root)
    return _joined(model, records, len(text))


HIDDEN = 3
"""Dimensions of hidden states: batch, tokens, hidden size."""


def _read_out(model: LoadedModel, baseline: Baseline, mutant: Mutant, hidden: Tensor) -> Tensor:
    """Logits [2, layers + 1, vocabulary] of hidden states [2, layers + 1, hidden size]: original, mutant.

    As if each had left the last layer: norm, head and whatever the model does to logits are its own.
    """
    last, states = model.anatomy.layer_count, hidden.to(model.dtype)
    if is_alone_over(model, baseline, mutant) or not verdict_of(model).resumes:
        pairs = zip((make_mutant(model, Genotype()), mutant), states, strict=True)
        return torch.stack([_read_alone(model, each, own) for each, own in pairs])
    view = mutated_view(model, {1: mutant})
    return forward_from(model, view, states, DynamicCache(), first_layer=last, keep=hidden.shape[1])


def _read_alone(model: LoadedModel, mutant: Mutant, hidden: Tensor) -> Tensor:
    """Logits [layers + 1, vocabulary], by the plain procedure: a pass that goes on from these states at its end."""
    trunk = model.anatomy.trunk
    assert trunk is not None
    view = View(model.twin)
    if trunk.norm is None:
        view.give(trunk.layers[-1], hidden.unsqueeze(0))
    else:
        view.feed(trunk.norm, hidden.unsqueeze(0))
    return single_of(model, mutant).whole([0] * len(hidden), len(hidden), view.root)
