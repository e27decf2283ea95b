"""The original's and the mutant's answer, streamed side by side and then compared.

With nothing cached both run in one batch, token by token; a mutant that cannot be a row of a batch runs beside the
original. With the baseline cached, the mutant is checked by one teacher-forced pass over the baseline's tokens and
decodes by itself only from the token at which it diverges. All ways give the texts that in-place editing and
token-by-token decoding give, near ties aside.
"""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import Genotype
from explorer.domain.pair import PairUpdate
from explorer.generation.baseline import Baseline, Baselines
from explorer.generation.draft import Checked, check
from explorer.generation.lane import Lane
from explorer.generation.measures import Answer, measure_pair
from explorer.generation.passes import forward, watch_hidden
from explorer.generation.readings import read_alone, read_watched
from explorer.generation.transcript import Transcript, first_divergence
from explorer.generation.trial import is_alone, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant, make_mutant, mutant_of, mutated_view

Cancelled = Callable[[], bool]


def _never() -> bool:
    return False


def generate_pair(
    model: LoadedModel,
    prompt: Prompt,
    decoding: Decoding,
    genotype: Genotype,
    baselines: Baselines,
    cancelled: Cancelled = _never,
) -> Generator[PairUpdate, None, None]:
    """Yield the pair as it grows, and last with its measures.

    `genotype` is one that the model's anatomy has read. `cancelled` is asked once a token; a cancelled run
    ends with what it has. Raises PromptError.
    """
    prompt_tokens = tuple(model.encode(prompt, decoding))
    pair = _Pair(model, decoding, mutant_of(model, genotype), prompt_tokens, cancelled)
    baseline = baselines.of_tokens(model, prompt_tokens, decoding)
    if baseline is None:
        yield from pair.race()
        if pair.baseline is not None:
            baselines.put(model, decoding, pair.baseline)
    else:
        yield from pair.pursue(baseline)
    yield pair.finish()


class _Pair:
    """One run: two lanes, filled by `race` or by `pursue`, then measured by `finish`."""

    def __init__(
        self,
        model: LoadedModel,
        decoding: Decoding,
        mutant: Mutant,
        prompt_tokens: tuple[int, ...],
        cancelled: Cancelled,
    ) -> None:
        self.baseline: Baseline | None = None
        self._model, self._decoding, self._mutant = model, decoding, mutant
        self._prompt_tokens, self._cancelled = prompt_tokens, cancelled
        self._most = decoding.new_tokens(len(prompt_tokens))
        self._original = Lane(Transcript(model), decoding, self._most)
        self._mutated = Lane(Transcript(model), decoding, self._most)
        self._checked: Checked | None = None
        self._was_cached = False
        self._started = time.perf_counter()

    def race(self) -> Iterator[PairUpdate]:
        """Decode both, in one batch if the mutant can be a row of one."""
        yield from self._race_apart() if self._is_alone(self._mutant) else self._race_together()

    def _race_together(self) -> Iterator[PairUpdate]:
        """Row 0 is the original, row 1 the mutant."""
        view = mutated_view(self._model, {1: self._mutant})
        records = watch_hidden(self._model, view, 0) if verdict_of(self._model).resumes else []
        cache = DynamicCache()
        lanes = (self._original, self._mutated)
        fed = self._batch([self._prompt_tokens] * 2)
        while any(lane.transcript.end is None for lane in lanes):
            if self._stop():
                return
            for lane, logits in zip(lanes, forward(self._model, view, fed, cache, keep=1)[:, -1], strict=True):
                lane.take(logits)
            fed = self._batch([(lane.last_token,) for lane in lanes])
            yield self._update()
        self.baseline = self._original.baseline(self._prompt_tokens, records, cache)

    def _race_apart(self) -> Iterator[PairUpdate]:
        """Each by itself, token by token in turns."""
        nothing = make_mutant(self._model, Genotype())
        reader = read_alone if self._is_alone(nothing) else read_watched
        original = reader(self._model, nothing)
        mutated = read_alone(self._model, self._mutant)
        lanes = ((self._original, original), (self._mutated, mutated))
        fed = {id(lane): self._prompt_tokens for lane, _ in lanes}
        while any(lane.transcript.end is None for lane, _ in lanes):
            if self._stop():
                return
            for lane, reading in lanes:
                if lane.transcript.end is None:
                    lane.take(reading.read(*fed[id(lane)]))
                    fed[id(lane)] = (lane.last_token,)
            yield self._update()
        self.baseline = self._original.baseline(self._prompt_tokens, original.records, original.cache)

    def _is_alone(self, mutant: Mutant) -> bool:
        start = len(self._prompt_tokens)
        return is_alone(self._model, mutant, start, start + self._most)

    def pursue(self, baseline: Baseline) -> Iterator[PairUpdate]:
        """Check the mutant against the baseline, and decode it alone from where it diverges."""
        self.baseline, self._was_cached = baseline, True
        for token in baseline.tokens:
            self._original.transcript.add(token, self._most)
        self._original.transcript.finish(baseline.end)
        self._checked = self._check(baseline)
        self._mutated.take_checked(self._checked.logits, baseline.tokens)
        yield self._update()
        yield from self._continue(self._checked)

    def finish(self) -> PairUpdate:
        """The last update; with measures, unless the run was cancelled."""
        transcript = self._mutated.transcript
        if self.baseline is None or transcript.end == "cancelled":
            return replace(self._update(), is_final=True)
        checked = self._checked or self._check(self.baseline)
        vocabulary = self.baseline.logits.shape[1]
        logits = self._mutated.stacked(vocabulary).to(self.baseline.logits.device)
        answer = Answer(tokens=transcript.tokens, logits=logits, gaps=self._mutated.gaps)
        divergence = first_divergence(self._original.transcript, transcript)
        measures = measure_pair(self._model, self.baseline, answer, checked.logits, divergence)
        return replace(self._update(), is_final=True, measures=measures)

    def _check(self, baseline: Baseline) -> Checked:
        return check(self._model, baseline, self._mutant, self._most)

    def _continue(self, checked: Checked) -> Iterator[PairUpdate]:
        """Decode the mutant on; its cache is cut back to where it diverged, or else filled anew."""
        lane = self._mutated
        if lane.transcript.end is not None:
            return
        known = [*self._prompt_tokens, *lane.transcript.tokens[:-1]]
        if checked.key_values is None:
            reading = read_alone(self._model, self._mutant)
            fed = [*known, lane.last_token]
        else:
            reading = read_watched(self._model, self._mutant, checked.key_values.cache(len(known)))
            fed = [lane.last_token]
        while lane.transcript.end is None and not self._stop():
            lane.take(reading.read(*fed))
            fed = [lane.last_token]
            yield self._update()

    def _stop(self) -> bool:
        """Whether the user has cancelled; ends the texts that were still growing."""
        if not self._cancelled():
            return False
        for lane in (self._original, self._mutated):
            lane.transcript.finish("cancelled")
        return True

    def _batch(self, rows: list[tuple[int, ...]]) -> Tensor:
        return torch.tensor(rows, device=self._model.device)

    def _update(self) -> PairUpdate:
        original, mutated = self._original.transcript, self._mutated.transcript
        return PairUpdate(
            original=tuple(original.pieces),
            mutated=tuple(mutated.pieces),
            original_marks=tuple(original.marks),
            mutated_marks=tuple(mutated.marks),
            original_tokens=tuple(original.tokens),
            mutated_tokens=tuple(mutated.tokens),
            original_end=original.end,
            mutated_end=mutated.end,
            first_divergence=first_divergence(original, mutated),
            elapsed_seconds=time.perf_counter() - self._started,
            baseline_was_cached=self._was_cached,
        )
