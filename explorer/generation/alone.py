"""One genotype's own answer, decoded token by token, kept as a baseline: the background that a screen starts from."""

import torch
from transformers import DynamicCache

from explorer.domain import Decoding, Genotype, Prompt
from explorer.errors import ModelError
from explorer.generation.baseline import Baseline
from explorer.generation.decoding import choose, near_tie
from explorer.generation.passes import forward, row_of, watch_hidden
from explorer.generation.transcript import Transcript
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view


def decode_alone(model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Baseline:
    """The answer with its activations. Raises PromptError, and ModelError if the forward pass overflows."""
    prompt_tokens = model.encode(prompt, decoding)
    view = mutated_view(model, {0: make_mutant(model, genotype)})
    records, cache, transcript = watch_hidden(model, view, 0), DynamicCache(), Transcript(model)
    logits, gaps = [], []
    fed = prompt_tokens
    while transcript.end is None:
        last = forward(model, view, torch.tensor([fed], device=model.device), cache, keep=1)[0]
        choice = choose(last, decoding, len(transcript.tokens), near_tie(model.dtype))
        if not bool(choice.finite[0]):
            raise ModelError("The forward pass of what the screen starts from overflows: choose another background.")
        transcript.add(int(choice.tokens[0]), decoding.max_new_tokens)
        logits.append(last[0])
        gaps.append(float(choice.gaps[0]))
        fed = transcript.tokens[-1:]
    return Baseline(
        prompt_tokens=tuple(prompt_tokens),
        tokens=tuple(transcript.tokens),
        end=transcript.end,
        logits=torch.stack(logits),
        gaps=tuple(gaps),
        hidden=tuple(torch.cat(record, dim=1) for record in records),
        key_values=row_of(cache, 0),
    )
