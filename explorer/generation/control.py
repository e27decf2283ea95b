"""A fixed paragraph that every genotype reads: how much more it surprises the mutant than the original.

Unlike what is measured of an answer, it does not depend on the prompt. The original's pass over it is kept, so that a
mutant's begins at the first layer that it changes.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.differences import perplexity
from explorer.generation.draft import check_many
from explorer.generation.passes import forward, row_of, watch_hidden
from explorer.generation.trial import is_alone, single_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view

TEXT = (
    "The river rises in the hills north of the town and reaches the sea two days later. On its way it turns three "
    "mills, fills the ponds where children learn to swim, and carries small boats loaded with apples, timber and "
    "letters. In winter the water freezes along the banks, and people walk to the island to light lanterns. When the "
    "ice breaks in March, everybody stops work for an hour and listens. Nobody can say why the sound makes them "
    "happy, but they agree that spring has begun."
)

UNSEEN = (
    "The bakery at the corner opens before the first tram. Flour hangs in the light of its window, and the smell of "
    "bread goes up the street as far as the school. Two sisters run it. The older one counts the loaves, the younger "
    "one forgets to. On Saturdays they bake plum cakes, which are gone by nine, and whoever comes later is told about "
    "the weather instead. Their grandfather built the oven with his own hands, and it has never been cold since."
)
"""Another paragraph, for whoever was chosen by the first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Control:
    """The control text as the original reads it."""

    reading: Baseline
    """Its first token as the prompt, the others as the answer; without the logits, which nothing asks for again."""
    perplexity: float
    """Of all but its first token, under the original model."""


def read_control(model: LoadedModel) -> Control:
    """The original's pass over the control text. Raises PromptError if the model's context is too short for it."""
    reading = read_text(model, TEXT)
    found = _finite(perplexity(reading.logits, list(reading.tokens)))
    return Control(reading=replace(reading, logits=reading.logits[:0]), perplexity=found)


def read_text(model: LoadedModel, text: str) -> Baseline:
    """The original's pass over a text: its first token as the prompt, the others as the answer.

    Raises PromptError if the model's context is too short for it.
    """
    tokens = model.encode(Prompt(text=text, chat=False), Decoding(max_new_tokens=1))
    first, rest = tuple(tokens[:1]), tuple(tokens[1:])
    if not rest:
        raise PromptError(f"The text '{text[:40]}' has a single token: there is nothing to predict in it.")
    nothing, cache = make_mutant(model, Genotype()), DynamicCache()
    records: list[list[Tensor]] = []
    if is_alone(model, nothing, len(first), len(tokens)):
        logits = single_of(model, nothing).logits_over(first, rest)
    else:
        view = mutated_view(model, {})
        records = watch_hidden(model, view, 0)
        fed = torch.tensor([tokens[:-1]], device=model.device)
        logits = forward(model, view, fed, cache, keep=len(rest))[0]
    return Baseline(
        prompt_tokens=first,
        tokens=rest,
        end="length",
        logits=logits,
        gaps=(),
        hidden=tuple(torch.cat(record, dim=1) for record in records),
        key_values=row_of(cache, 0),
    )


def control_perplexity(model: LoadedModel, control: Control, genotype: Genotype) -> float:
    """Of the control text under a mutant; infinite if its forward pass overflows."""
    logits = check_many(model, control.reading, [make_mutant(model, genotype)])[0]
    return _finite(perplexity(logits, list(control.reading.tokens)))


def _finite(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value
