"""The answers of one genotype to many prompts, decoded together; and how far they are from the original's.

Prompts of like length share a batch. Without measures that is all; with them, one pass of the mutant over the
original's answers tells its KL, and one of the original over the mutant's their perplexity.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Answer
from explorer.domain.genotype import Genotype
from explorer.domain.parting import parting
from explorer.generation.differences import mean_kl, perplexity
from explorer.generation.passes import forward
from explorer.generation.ragged import Layers, cache_of, cut, layers_of, repeat_row
from explorer.generation.style import style_of
from explorer.generation.texts import cosine_similarity
from explorer.generation.together import Growing, decode_apart, decode_together, is_apart
from explorer.generation.trial import is_alone, single_of
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import Mutant, make_mutant, mutated_view

ROWS = 64
"""Prompts of a batch, at most."""

LOGITS = 2**26
"""Logits of one measuring pass, at most: a quarter of a GiB of float32."""

Answered = list[tuple[int, Answer]]
"""Places of prompts and what was said to them."""


def answers(
    model: LoadedModel, genotype: Genotype, prompts: Sequence[Prompt], decoding: Decoding
) -> Iterator[Answered]:
    """What a genotype says to each prompt, as it is ready; halts, with nothing, before each forward pass.

    Raises PromptError for a prompt that the model cannot take.
    """
    encoded = [model.encode(prompt, decoding) for prompt in prompts]
    mutant = make_mutant(model, genotype)
    order = sorted(range(len(prompts)), key=lambda place: len(encoded[place]))
    for start in range(0, len(order), ROWS):
        places = order[start : start + ROWS]
        texts = [Growing(mutant, encoded[place]) for place in places]
        for _ in _decode(model, texts, decoding):
            yield []
        yield [(place, answer_of(model, text)) for place, text in zip(places, texts, strict=True)]


def all_answers(
    model: LoadedModel,
    genotype: Genotype,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    breathe: Callable[[], None] = lambda: None,
) -> tuple[Answer, ...]:
    """As `answers`, in the order of the prompts; `breathe` is called where that halts."""
    found: dict[int, Answer] = {}
    for share in answers(model, genotype, prompts, decoding):
        breathe()
        found |= dict(share)
    return tuple(found[place] for place in range(len(prompts)))


def _decode(model: LoadedModel, texts: Sequence[Growing], decoding: Decoding) -> Iterator[None]:
    """All of them in one batch, or one after the other where they cannot share one; halts before each pass."""
    prompts = [text.prompt for text in texts]
    if is_apart(model, texts[0].mutant, prompts, decoding):
        for text in texts:
            yield from decode_apart(model, text, decoding)
        return
    yield
    _begin(model, texts, prompts, decoding)
    yield from decode_together(model, texts, decoding)


def measured(
    model: LoadedModel,
    genotype: Genotype,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    originals: Sequence[Answer],
    said: Iterator[Answered],
) -> Iterator[Answered]:
    """Answers with their distances from the original's to the same prompts; halts as `answers` does."""
    mutant, nothing = make_mutant(model, genotype), make_mutant(model, Genotype())
    for share in _shares(model, originals, said):
        if not share:
            yield []
            continue
        asked = [model.encode(prompts[place], decoding) for place, _ in share]
        theirs = [list(originals[place].tokens) for place, _ in share]
        yield []
        original = _logits_over(model, nothing, asked, theirs)
        yield []
        over_theirs = _logits_over(model, mutant, asked, theirs)
        kl = [mean_kl(p, q) if len(p) else None for p, q in zip(original, over_theirs, strict=True)]
        del original, over_theirs
        yield []
        over_own = _logits_over(model, nothing, asked, [list(answer.tokens) for _, answer in share])
        yield [
            (place, _with(answer, originals[place], perplexity(logits, list(answer.tokens)), divergence))
            for (place, answer), divergence, logits in zip(share, kl, over_own, strict=True)
        ]


def _shares(model: LoadedModel, originals: Sequence[Answer], said: Iterator[Answered]) -> Iterator[Answered]:
    """Answers in shares whose logits fit; nothing where `said` halts."""
    vocabulary = model.causal_lm.config.get_text_config().vocab_size
    for batch in said:
        longest = max((max(len(answer.tokens), len(originals[place].tokens)) for place, answer in batch), default=1)
        rows = max(1, LOGITS // (max(1, longest) * vocabulary))
        yield from (batch[start : start + rows] for start in range(0, max(1, len(batch)), rows))


def _with(answer: Answer, original: Answer, perplexity: float | None, mean_kl: float | None) -> Answer:
    cosine = cosine_similarity(original.text, answer.text)
    return replace(answer, cosine=cosine, perplexity=perplexity, mean_kl=mean_kl)


def _begin(model: LoadedModel, texts: Sequence[Growing], prompts: Sequence[Sequence[int]], decoding: Decoding) -> None:
    """Choose the first token of each answer, and keep the keys and values of its prompt."""
    first = min(map(len, prompts)) - 1
    logits, held = _read(model, texts[0].mutant, prompts, first)
    for row, (text, prompt) in enumerate(zip(texts, prompts, strict=True)):
        text.take(model, logits[row, len(prompt) - 1 - first], decoding)
        if text.end is None:
            text.key_values = cut(held, row, slice(0, len(prompt)))


def answer_of(model: LoadedModel, text: Growing) -> Answer:
    """What a text that has ended says."""
    said = model.decode(text.tokens)
    return Answer(
        text=said, tokens=tuple(text.tokens), ending=str(text.end), near_tie=text.is_tied, style=style_of(said)
    )


def _logits_over(
    model: LoadedModel, mutant: Mutant, prompts: Sequence[list[int]], answers: Sequence[list[int]]
) -> list[Tensor]:
    """Logits [tokens of the answer, vocabulary] that one genotype has for each answer, given its prompt."""
    pairs = list(zip(prompts, answers, strict=True))
    fed = [[*prompt, *answer[:-1]] for prompt, answer in pairs]
    if is_alone(model, mutant, min(map(len, prompts)), max(map(len, fed)) + 1):
        single = single_of(model, mutant)
        return [single.logits_over(prompt, answer) for prompt, answer in pairs]
    first = min(map(len, prompts)) - 1
    logits, _ = _read(model, mutant, fed, first)
    starts = [len(prompt) - 1 - first for prompt in prompts]
    return [row[start : start + len(answer)] for row, start, answer in zip(logits, starts, answers, strict=True)]


def _read(model: LoadedModel, mutant: Mutant, texts: Sequence[Sequence[int]], first: int) -> tuple[Tensor, Layers]:
    """Logits [texts, longest − first, vocabulary] of one genotype from a position on, and all keys and values.

    What all texts begin with, such as a chat template, is computed once; what follows the end of a text is idle.
    """
    longest, shared = max(map(len, texts)), min(first, _common(texts))
    cache = DynamicCache()
    if shared:
        forward(model, _view(model, mutant, 1), torch.tensor([texts[0][:shared]], device=model.device), cache, keep=1)
        cache = cache_of(repeat_row(layers_of(cache), len(texts)))
    own = [[*text[shared:], *[0] * (longest - len(text))] for text in texts]
    logits = forward(
        model, _view(model, mutant, len(texts)), torch.tensor(own, device=model.device), cache, keep=longest - first
    )
    return logits, layers_of(cache)


def _common(texts: Sequence[Sequence[int]]) -> int:
    """How many tokens all texts begin with: as many as the first and the last in order."""
    ordered = sorted(map(list, texts))
    return parting(ordered[0], ordered[-1])


def _view(model: LoadedModel, mutant: Mutant, rows: int) -> View:
    return mutated_view(model, dict.fromkeys(range(rows), mutant))
