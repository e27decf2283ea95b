"""One genotype's own answer, decoded token by token, kept as a baseline: the background that a screen starts from."""

import torch
from transformers import DynamicCache

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.lane import Lane
from explorer.generation.passes import forward, watch_hidden
from explorer.generation.transcript import Transcript
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view


def decode_alone(model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Baseline:
    """The answer with its activations. Raises PromptError, and ModelError if the forward pass overflows."""
    prompt_tokens = model.encode(prompt, decoding)
    view = mutated_view(model, {0: make_mutant(model, genotype)})
    records, cache, lane = watch_hidden(model, view, 0), DynamicCache(), Lane(Transcript(model), decoding)
    fed = prompt_tokens
    while lane.transcript.end is None:
        lane.take(forward(model, view, torch.tensor([fed], device=model.device), cache, keep=1)[0, -1])
        fed = [lane.last_token]
    baseline = lane.baseline(tuple(prompt_tokens), records, cache)
    if baseline is None:
        raise ModelError("The forward pass of what the screen starts from overflows: choose another background.")
    return baseline
