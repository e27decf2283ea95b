"""Mutants to records: what each does to a baseline, batch by batch. Knows no plan and no database.

The baseline is a draft. A batch of mutants of one matrix is checked by teacher-forced passes from that matrix's layer
on, in chunks: whoever chooses another token than the baseline leaves the batch, so that early divergers cost little.
In mode `text` those then decode on together, in one ragged batch, each from its own first divergence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, repeat, takewhile
from typing import Literal

import torch
from torch import Tensor

from explorer.domain import Decoding, Genotype, Mutation
from explorer.generation.baseline import Baseline
from explorer.generation.decoding import Choices, choose, near_tie
from explorer.generation.differences import kl_at
from explorer.generation.passes import forward, forward_between
from explorer.generation.ragged import Layers, cache_of, cut, layers_of, repeat_row, select, stack_ragged
from explorer.generation.transcript import End, ending
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant, make_mutant, mutated_view

Mode = Literal["divergence", "text"]

CHUNKS = (4, 12, 24)
"""Tokens of the baseline that are checked in the first passes; the rest in as many of the last length as it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one mutant did."""

    first_divergence: int | None
    """The first position, from 0, at which it chose otherwise; None: silent."""
    overflow: bool
    """Whether its forward pass overflowed at that position: it then has no token there."""
    mean_kl: float | None
    """KL(baseline ‖ mutant) over the `verified` positions, in nats; None if it overflows among them."""
    added_nll: float | None
    """What it adds to the baseline's negative log-likelihood there, in nats a token; None likewise."""
    verified: int
    """How many positions were looked at: all, or those up to the end of the chunk of the first divergence."""
    near_tie: bool
    """Whether rounding may have decided a choice, up to the first divergence or in the text after it."""
    tokens: tuple[int, ...] | None = None
    """Its whole answer, in mode `text`; None if it is silent, or in mode `divergence`."""
    end: End | None = None
    """Why that answer ended."""


@dataclass(slots=True, eq=False)
class _Mutant:
    """A mutant on its way over the baseline's tokens."""

    mutant: Mutant
    kl: list[float] = field(default_factory=list)
    nll: list[float] = field(default_factory=list)
    is_tied: bool = False
    divergence: int | None = None
    tokens: list[int] = field(default_factory=list)
    end: End | None = None
    key_values: Layers = field(default_factory=list)
    """Of all layers, [1, KV heads, tokens so far, head size], where it diverges in mode `text`."""


class Engine:
    """Screens mutants against one baseline."""

    def __init__(
        self,
        model: LoadedModel,
        baseline: Baseline,
        decoding: Decoding,
        background: Genotype,
        mode: Mode,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`breathe` is called before every forward pass."""
        self._model, self._baseline, self._decoding = model, baseline, decoding
        self._background, self._mode, self._breathe = background, mode, breathe
        self._tie = near_tie(model.dtype)
        self._log_p = baseline.logits.log_softmax(-1)
        self._p = self._log_p.exp()
        self._expected = torch.tensor(baseline.tokens, device=model.device)
        self._stops = _chunk_ends(len(baseline.tokens))
        self._own_nll = -self._log_p.gather(-1, self._expected.unsqueeze(-1)).squeeze(-1)

    def screen(self, mutations: Sequence[Mutation]) -> list[Record]:
        """The records of some mutations of one layer, each alone on top of the background, in their order."""
        layer = mutations[0].site.layer
        assert layer is not None
        genotypes = [Genotype((*self._background.mutations, mutation)) for mutation in mutations]
        batch = [_Mutant(make_mutant(self._model, genotype)) for genotype in genotypes]
        self._verify(batch, layer)
        if self._mode == "text":
            self._continue([mutant for mutant in batch if mutant.divergence is not None and mutant.end is None])
        return [self._record(mutant) for mutant in batch]

    # ------------------------------------------------------------------------------------ verification

    def _verify(self, batch: list[_Mutant], layer: int) -> None:
        """Check chunk by chunk; whoever has diverged takes no part in the next."""
        upper: Layers = []
        start, left = 0, batch
        for stop in self._stops:
            logits, upper = self._check(left, layer, upper, start, stop)
            stays = [self._take(mutant, rows, start, stop) for mutant, rows in zip(left, logits, strict=True)]
            if self._mode == "text":
                self._keep(left, stays, layer, upper)
            places = [place for place, stay in enumerate(stays) if stay]
            if not places:
                return
            left = [left[place] for place in places]
            upper = select(upper, places)
            start = stop

    def _check(self, batch: list[_Mutant], layer: int, upper: Layers, start: int, stop: int) -> tuple[Tensor, Layers]:
        """Logits [mutants, stop − start, vocabulary], and the keys and values of the layers from `layer` on."""
        self._breathe()
        prompt = len(self._baseline.prompt_tokens) - 1
        first = 0 if start == 0 else prompt + start
        count = len(batch)
        view = mutated_view(self._model, {row: mutant.mutant for row, mutant in enumerate(batch)})
        hidden = self._baseline.hidden[layer][:, first : prompt + stop].expand(count, -1, -1)
        lower = self._lower(layer, first, count)
        cache = cache_of([*lower, *upper])
        logits = forward_between(self._model, view, hidden, cache, first_layer=layer, start=first, keep=stop - start)
        return logits, layers_of(cache, layer)

    def _lower(self, layer: int, length: int, count: int) -> Layers:
        """The baseline's keys and values below a layer, seen by every row; nothing is copied."""
        held = self._baseline.key_values
        below = zip(held.keys[:layer], held.values[:layer], strict=True)
        return repeat_row([(keys[..., :length, :], values[..., :length, :]) for keys, values in below], count)

    def _take(self, mutant: _Mutant, logits: Tensor, start: int, stop: int) -> bool:
        """Note what logits [stop − start, vocabulary] say of a mutant; whether it is silent so far."""
        log_q = logits.log_softmax(-1)
        kl = kl_at(self._log_p[start:stop], self._p[start:stop], log_q)
        nll = -log_q.gather(-1, self._expected[start:stop].unsqueeze(-1)).squeeze(-1)
        mutant.kl += kl.tolist()
        mutant.nll += (nll - self._own_nll[start:stop]).tolist()
        choices = choose(logits, self._decoding, start, self._tie)
        is_same = (choices.tokens == self._expected[start:stop]) & choices.finite
        same = int(is_same.long().cumprod(0).sum())
        is_over = same == stop - start
        last = same if is_over else same + 1
        mutant.is_tied |= bool((choices.gaps[:last] < self._tie).any())
        if is_over:
            return True
        mutant.divergence = start + same
        self._diverge(mutant, choices, same)
        return False

    def _diverge(self, mutant: _Mutant, choices: Choices, place: int) -> None:
        """The first token that is not the baseline's, and whether the text ends with it."""
        mutant.tokens = list(self._baseline.tokens[: mutant.divergence])
        if not bool(choices.finite[place]):
            mutant.end = "overflow"
            return
        self._accept(mutant, int(choices.tokens[place]))

    def _accept(self, mutant: _Mutant, token: int) -> None:
        mutant.tokens.append(token)
        mutant.end = ending(self._model, mutant.tokens, self._decoding.max_new_tokens)

    def _keep(self, batch: list[_Mutant], stays: list[bool], layer: int, upper: Layers) -> None:
        """The keys and values that the diverging ones need to decode on: of the prompt and the common tokens."""
        for row, (mutant, stay) in enumerate(zip(batch, stays, strict=True)):
            if stay or mutant.end is not None:
                continue
            length = self._length(mutant)
            mutant.key_values = [*self._lower(layer, length, 1), *cut(upper, row, slice(0, length))]

    # ------------------------------------------------------------------------------------ continuation

    def _continue(self, batch: list[_Mutant]) -> None:
        """Decode the diverging ones on, together, until all of them have ended."""
        while batch:
            view = mutated_view(self._model, {row: mutant.mutant for row, mutant in enumerate(batch)})
            room = self._decoding.max_new_tokens - min(len(mutant.tokens) for mutant in batch) + 1
            cache, mask = stack_ragged([mutant.key_values for mutant in batch], room)
            for mutant in batch:
                mutant.key_values = []
            positions = torch.tensor([self._length(mutant) for mutant in batch], device=self._model.device)
            while 2 * sum(mutant.end is None for mutant in batch) > len(batch):
                self._breathe()
                fed = torch.tensor([[mutant.tokens[-1]] for mutant in batch], device=self._model.device)
                mask = torch.cat([mask, mask.new_ones(len(batch), 1)], dim=1)
                logits = forward(self._model, view, fed, cache, keep=1, positions=positions.unsqueeze(-1), mask=mask)
                positions = positions + 1
                self._choose_next(batch, logits[:, -1])
            for row, mutant in enumerate(batch):
                if mutant.end is None:
                    mutant.key_values = cut(layers_of(cache), row, slice(-self._length(mutant), None))
            batch = [mutant for mutant in batch if mutant.end is None]

    def _choose_next(self, batch: list[_Mutant], logits: Tensor) -> None:
        """The next token of each, from logits [mutants, vocabulary]; they stand at different positions."""
        for mutant, row in zip(batch, logits, strict=True):
            if mutant.end is not None:  # it is fed its last token again, to no effect, until the batch is made smaller
                continue
            choice = choose(row.unsqueeze(0), self._decoding, len(mutant.tokens), self._tie)
            if not bool(choice.finite[0]):
                mutant.end = "overflow"
                continue
            mutant.is_tied |= float(choice.gaps[0]) < self._tie
            self._accept(mutant, int(choice.tokens[0]))

    def _length(self, mutant: _Mutant) -> int:
        """How many tokens its keys and values cover: all but its last."""
        return len(self._baseline.prompt_tokens) + len(mutant.tokens) - 1

    def _record(self, mutant: _Mutant) -> Record:
        kl, nll = _mean(mutant.kl), _mean(mutant.nll)
        wants_text = self._mode == "text" and mutant.divergence is not None
        return Record(
            first_divergence=mutant.divergence,
            overflow=mutant.end == "overflow" and len(mutant.tokens) == mutant.divergence,
            mean_kl=None if kl is None else max(0.0, kl),
            added_nll=nll,
            verified=len(mutant.kl),
            near_tie=mutant.is_tied,
            tokens=tuple(mutant.tokens) if wants_text else None,
            end=mutant.end if wants_text else None,
        )


def _chunk_ends(length: int) -> list[int]:
    """Where the chunks of a baseline of so many tokens end."""
    ends = accumulate(chain(CHUNKS, repeat(CHUNKS[-1])))
    return [*takewhile(lambda end: end < length, ends), length]


def _mean(values: list[float]) -> float | None:
    total = sum(values) / len(values)
    return total if abs(total) < float("inf") else None
