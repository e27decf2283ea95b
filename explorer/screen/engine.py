"""Mutants to records: what each does to a baseline, batch by batch. Knows no plan and no database.

The baseline is a draft. A batch of mutants of one matrix is checked by teacher-forced passes from that matrix's layer
on, in chunks: whoever chooses another token than the baseline leaves the batch, so that early divergers cost little.
In mode `text` those then go on from their own first divergence: along texts that mutants before them have written,
several tokens a pass, as far as any begins as their own, and then together in one ragged batch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, repeat, takewhile

import torch
from torch import Tensor

from explorer.domain.decoding import Decoding
from explorer.domain.genotype import Genotype, Mutation
from explorer.generation.baseline import Baseline
from explorer.generation.decoding import Choices, choose, near_tie
from explorer.generation.differences import kl_at
from explorer.generation.draft import check_many
from explorer.generation.effects import BATCH
from explorer.generation.passes import forward_between
from explorer.generation.ragged import Layers, cache_of, cut, layers_of, repeat_row, select
from explorer.generation.together import Growing, decode_apart, decode_together, is_apart
from explorer.generation.trial import verdict_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view
from explorer.screen.asked import Record
from explorer.screen.following import Pace, follow
from explorer.screen.known import KnownTexts
from explorer.screen.order import Mode

CHUNKS = (4, 12, 24)
"""Tokens of the baseline that are checked in the first passes; the rest in as many of the last length as it takes."""


@dataclass(slots=True, eq=False)
class _Mutant(Growing):
    """A mutant on its way over the baseline's tokens; its text is what follows its first divergence."""

    kl: list[float] = field(default_factory=list)
    nll: list[float] = field(default_factory=list)
    divergence: int | None = None


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
        self.pace = Pace()
        """Of texts along known ones; what is left grows by a token a pass."""
        has_drafts = mode == "text" and bool(baseline.hidden) and verdict_of(model).drafted
        self._known = KnownTexts(model, baseline, background) if has_drafts else None
        self._own_nll = -self._log_p.gather(-1, self._expected.unsqueeze(-1)).squeeze(-1)

    def screen(self, mutations: Sequence[Mutation]) -> list[Record]:
        """The records of some mutations of one layer, each alone on top of the background, in their order."""
        layer = mutations[0].site.layer
        assert layer is not None
        genotypes = [Genotype((*self._background.mutations, mutation)) for mutation in mutations]
        prompt = self._baseline.prompt_tokens
        batch = [_Mutant(make_mutant(self._model, genotype), prompt) for genotype in genotypes]
        apart = [each for each in batch if self._is_apart(each)]
        together = [each for each in batch if each not in apart]
        if together:
            self._verify(together, layer)
        self._verify_apart(apart)
        if self._mode == "text":
            for _ in self._decode(together, apart, layer):
                self._breathe()
        return [self._record(mutant) for mutant in batch]

    def know(self, texts: Iterable[tuple[int, ...]]) -> None:
        """Texts that mutants have written before, as drafts of what others write."""
        if self._known is not None:
            self._known.learn(texts)

    def _is_apart(self, mutant: _Mutant) -> bool:
        """Whether a mutant cannot start from what enters its layer, or not share a batch."""
        is_whole = not verdict_of(self._model).resumes or not self._baseline.hidden
        return is_whole or is_apart(self._model, mutant.mutant, [mutant.prompt], self._decoding)

    def _decode(self, together: list[_Mutant], apart: list[_Mutant], layer: int) -> Iterator[None]:
        diverged = [each for each in together if each.divergence is not None]
        if self._known is not None:
            yield from follow(self._model, diverged, self._known, layer, self._decoding, self.pace)
        yield from decode_together(self._model, diverged, self._decoding)
        self.know(tuple(each.tokens) for each in diverged)
        for mutant in apart:
            if mutant.divergence is not None:
                yield from decode_apart(self._model, mutant, self._decoding)

    def _verify_apart(self, batch: list[_Mutant]) -> None:
        """Check those that cannot be checked chunk by chunk, so that the same is noted of them."""
        for start in range(0, len(batch), BATCH):
            some = batch[start : start + BATCH]
            self._breathe()
            logits = check_many(self._model, self._baseline, [each.mutant for each in some])
            for mutant, rows in zip(some, logits, strict=True):
                begin = 0
                for stop in self._stops:
                    if not self._take(mutant, rows[begin:stop], begin, stop):
                        break
                    begin = stop

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
        mutant.accept(self._model, int(choices.tokens[place]), self._decoding)

    def _keep(self, batch: list[_Mutant], stays: list[bool], layer: int, upper: Layers) -> None:
        """The keys and values that the diverging ones need to decode on: of the prompt and the common tokens."""
        for row, (mutant, stay) in enumerate(zip(batch, stays, strict=True)):
            if stay or mutant.end is not None:
                continue
            mutant.key_values = [*self._lower(layer, mutant.length, 1), *cut(upper, row, slice(0, mutant.length))]

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
