"""Tries a model when it is loaded: which shortcuts give what the plain procedure gives, on one short text.

Of each kind of module one is mutated. What agrees is fast; what does not is computed by `single`, kind by kind.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype, Mutation, Operation, Site, Slice
from explorer.domain.verdict import Verdict
from explorer.generation.packed import Tree, row_of_tree
from explorer.generation.passes import forward, forward_between, forward_row, row_of, watch_hidden
from explorer.generation.ragged import Layers, cache_of, cut, layers_of, stack_ragged
from explorer.generation.resumed import Resumed
from explorer.generation.single import Reader, Single
from explorer.model.anatomy import Matrix, sort_of
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import Mutant, make_mutant, mutated_view

PROMPT, NEW = 10, 2
"""Tokens of the text that is tried, and how many of them are read one by one."""

TOLERANCE = 1e-4
"""Root of the mean square of the difference of logits over that of the logits, in float32."""

STEPS_OF_HALF = 8
"""In half precision, so many steps of rounding instead."""

SHARE = Operation(kind="scale", value=1.5)
"""What is done to a part of each kind."""


def verdict_of(model: LoadedModel) -> Verdict:
    """What the trial of a model has found; it is tried on the first call."""
    if not model.verdicts:
        try_model(model)
    return model.verdicts[0]


def single_of(model: LoadedModel, mutant: Mutant) -> Single:
    """A mutant by the plain procedure, as the trial of its model has found it."""
    return Single(model, mutant, verdict_of(model))


def try_model(model: LoadedModel) -> Verdict:
    """Tries a model, and keeps in it what was found. Raises ModelError if not even the plain procedure works."""
    try:
        with torch.inference_mode():
            found = _Trial(model).verdict()
    except BaseException:
        model.verdicts.clear()
        raise
    model.verdicts[:] = [found]
    return found


class _Trial:
    """One text, the plain logits of original and mutants over it, and all else beside them."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model
        rows = min(model.row_count or 64, 64)
        self.text = [(5 * place + 2) % rows for place in range(PROMPT + NEW)]
        padding = getattr(model.causal_lm.config.get_text_config(), "pad_token_id", None)
        if isinstance(padding, int) and 0 <= padding < rows:
            self.text[PROMPT // 2] = padding  # some models count positions by what is no padding
        self.matrices: dict[str, Matrix] = {}
        """Of each kind of module the first matrix."""
        for matrix in model.anatomy.matrices.values():
            self.matrices.setdefault(sort_of(matrix), matrix)
        self.sites: dict[str, tuple[Site, ...]] = {sort: (_part_of(matrix),) for sort, matrix in self.matrices.items()}
        self.records: list[list[list[Tensor]]] = []
        """What enters each layer of original and mutant, from the last batch of both that agreed."""
        self.layers: Layers = []
        """Their keys and values."""
        eps = torch.finfo(model.dtype).eps
        self.tolerance = TOLERANCE if model.dtype == torch.float32 else STEPS_OF_HALF * eps

    def verdict(self) -> Verdict:
        """Everything that is asked, one thing after the other."""
        try:
            self._aim_at_experts()
            found, original, mutant, plain = self._plain()
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, TypeError, ValueError, AttributeError, LookupError, NotImplementedError) as fault:
            raise ModelError(
                f"{self.model.name} is loaded, but does not continue a text of tokens alone "
                f"({type(fault).__name__}: {' '.join(str(fault).split())[:200]})."
            ) from fault
        if not found.whole:
            beyond = self.model.chooses_beyond
            chooses = beyond is not None and beyond < len(self.text)
            return replace(found, rows=_CHOOSES if chooses else "what it predicts depends on what follows")
        told = {sort: _UNKNOWN for sort, matrix in self.matrices.items() if not matrix.is_known_in_use}
        if told:
            mutant, plain = self._mutated(found, told)
        self.model.verdicts[:] = [found]
        if self._fault(lambda: self._rows({1: mutant}, original, plain)):
            found, why = self._placed(found, original)
            if why:
                return replace(found, rows=why)
            told |= self._slow(found, original, told)
            mutant, plain = self._mutated(found, told)
            if self._fault(lambda: self._rows({1: mutant}, original, plain)):
                return replace(found, rows="mutations of several of its parts at once do not agree")
        idle = tuple(sort for sort in told if self._is_idle(found, sort, original))
        sizes = Counter[str]()
        for matrix in {matrix.uses: matrix for matrix in self.model.anatomy.matrices.values()}.values():
            sizes[sort_of(matrix)] += matrix.size
        slow = {sort: why for sort, why in told.items() if sort not in idle}
        resumes, tuples = self._resumes(found, mutant, original, plain)
        return replace(
            found,
            slow=slow,
            idle=idle,
            slow_share=sum(sizes[sort] for sort in slow) / sizes.total(),
            resumes=resumes,
            tuples=tuples,
            packed=not self._fault(lambda: self._packed(found, mutant, original, plain)),
            ragged=not self._fault(lambda: self._ragged(mutant, original, plain)),
            drafted=resumes and not self._fault(lambda: self._drafted(mutant, original, plain)),
        )

    def _resumes(self, found: Verdict, mutant: Mutant, original: Tensor, plain: Tensor) -> tuple[bool, bool]:
        """Whether passes can start at a layer, and whether layers hand on tuples then."""
        for tuples in (False, True):
            self.model.verdicts[:] = [replace(found, tuples=tuples)]
            if not self._fault(lambda: self._resumed(mutant, original, plain)):
                return True, tuples
        return False, False

    def _placed(self, found: Verdict, original: Tensor) -> tuple[Verdict, str]:
        """Whether two rows of the original agree with it, positions told or not; and why neither does."""
        for placed in (True, False):
            found = replace(found, placed=placed)
            self.model.verdicts[:] = [found]
            if not self._fault(lambda: self._rows({}, original, original)):
                return found, ""
        return found, _NO_ROWS

    def _mutated(self, found: Verdict, without: Mapping[str, str]) -> tuple[Mutant, Tensor]:
        """All kinds but some, mutated at once, and what the plain procedure gives."""
        mutant = make_mutant(self.model, self._genotype(self.sites.keys() - without.keys()))
        return mutant, Single(self.model, mutant, found).whole(self.text, len(self.text))

    def _is_idle(self, found: Verdict, sort: str, original: Tensor) -> bool:
        """Whether the plain procedure, too, sees nothing of a mutation."""
        mutant = make_mutant(self.model, self._genotype({sort}))
        plain = Single(self.model, mutant, found).whole(self.text, len(self.text))
        return torch.equal(plain, original)

    # -------------------------------------------------------------------------------------- plain

    def _genotype(self, sorts: AbstractSet[str]) -> Genotype:
        """Some kinds of module mutated, each in a part of one."""
        sites = (site for sort, own in self.sites.items() if sort in sorts for site in own)
        return Genotype(tuple(Mutation(site, SHARE) for site in sites))

    def _aim_at_experts(self) -> None:
        """Of experts, mutate one that tokens of the text go to: one that none visits would tell nothing."""
        experts = {
            sort: matrix
            for sort, matrix in self.matrices.items()
            if matrix.uses[0].layout == "mixture" and matrix.uses[0].expert is not None
        }
        if not experts:
            return
        view, seen = View(self.model.twin), dict[str, Tensor]()
        for path in {matrix.uses[0].module for matrix in experts.values()}:
            view.before(path, lambda x, path=path: seen.__setitem__(path, x))  # type: ignore[misc]
        Single(self.model, make_mutant(self.model, Genotype()), Verdict()).whole(self.text, 1, view.root)
        for sort, matrix in experts.items():
            path = matrix.uses[0].module
            try:
                block: Any = self.model.causal_lm.get_submodule(path)
                visited = block.gate(seen[path].reshape(-1, seen[path].shape[-1]))[2]
                number = int(visited.flatten().mode().values)
            except Exception:  # noqa: BLE001  # a block of another kind, whose experts a patch will fail at
                continue
            self.sites[sort] = tuple(
                _part_of(other)
                for other in self.model.anatomy.matrices.values()
                if other.layer == matrix.layer and other.uses[0].expert == number and sort_of(other) == sort
            )

    def _plain(self) -> tuple[Verdict, Tensor, Mutant, Tensor]:
        """What holds of the model itself; the original's and a mutant's logits [text, vocabulary]."""
        verdict = Verdict()
        mutant = make_mutant(self.model, self._genotype(self.sites.keys()))
        own, other = (Single(self.model, each, verdict) for each in (make_mutant(self.model, Genotype()), mutant))
        original, mutated = own.whole(self.text, len(self.text)), other.whole(self.text, len(self.text))
        whole = self._whole_agrees(own, original) and len(self.text) <= (self.model.chooses_beyond or len(self.text))
        if not whole:
            original = torch.stack([own.next(self.text[: PROMPT + step]) for step in range(NEW + 1)])
            mutated = torch.stack([other.next(self.text[: PROMPT + step]) for step in range(NEW + 1)])
        verdict = replace(verdict, whole=whole)
        cached = not self._fault(lambda: self._cached((own, other), (original[-NEW - 1 :], mutated[-NEW - 1 :])))
        return replace(verdict, cached=cached), original, mutant, mutated

    def _whole_agrees(self, single: Single, original: Tensor) -> bool:
        """Whether logits over a text are, in its middle, those over what it begins with."""
        if original.shape[0] != len(self.text):
            return False
        return self._agree(original[PROMPT // 2 - 1], single.next(self.text[: PROMPT // 2]))

    def _cached(self, singles: Sequence[Single], plain: Sequence[Tensor]) -> bool:
        """Whether two texts that grow by turns, each in its own cache, are read as without one."""
        readers = [Reader(single) for single in singles]
        read = [[reader.read(*self.text[:PROMPT])] for reader in readers]
        for token in self.text[PROMPT:]:
            for reader, logits in zip(readers, read, strict=True):
                logits.append(reader.read(token))
        return all(self._agree(torch.stack(own), each) for own, each in zip(read, plain, strict=True))

    # --------------------------------------------------------------------------------------- fast

    def _rows(self, mutants: dict[int, Mutant], original: Tensor, plain: Tensor) -> bool:
        """Whether original and mutant agree in one batch: at once, token by token, and cut back to an earlier token."""
        view, cache = mutated_view(self.model, mutants), DynamicCache()
        records = [watch_hidden(self.model, view, row) for row in (0, 1)]
        fed = self._batch([self.text[:PROMPT]] * 2)
        read = [forward(self.model, view, fed, cache, keep=PROMPT)]
        for token in self.text[PROMPT:]:
            read.append(forward(self.model, view, self._batch([[token]] * 2), cache, keep=1))
        logits = torch.cat(read, dim=1)
        if not (self._agree(logits[0], original) and self._agree(logits[1], plain)):
            return False
        alone = mutated_view(self.model, {0: mutants[1]} if mutants else {})
        back = row_of(cache, 1).cache(PROMPT + 1)
        again = forward(self.model, alone, self._batch([[self.text[PROMPT + 1]]]), back, keep=1)
        self.records, self.layers = records, layers_of(cache)
        return self._agree(again[0, 0], plain[PROMPT + 1])

    def _slow(self, verdict: Verdict, original: Tensor, known: Mapping[str, str]) -> dict[str, str]:
        """The kinds whose mutations do not agree, each by itself."""
        found = {}
        for sort in (sort for sort in self.sites if sort not in known):
            mutant, plain = self._mutated(verdict, dict.fromkeys(self.sites.keys() - {sort}, ""))
            why = self._fault(lambda mutant=mutant, plain=plain: self._rows({1: mutant}, original, plain))  # type: ignore[misc]
            if why:
                found[sort] = why
        return found

    def _resumed(self, mutant: Mutant, original: Tensor, plain: Tensor) -> bool:
        """Whether passes that start at a layer agree: over the prompt, and over what follows it."""
        model, layers, held = self.model, self.model.anatomy.layer_count, self.layers
        if not self.records[0] or len(held) != layers:
            return False
        rows = [[torch.cat(record, dim=1) for record in own] for own in self.records]
        hidden = [torch.cat(pair) for pair in zip(*rows, strict=True)]
        for layer in sorted({min(1, layers), layers - 1, layers}):
            later, upper = mutated_view(model, {1: mutant}), DynamicCache()
            start = forward_between(model, later, hidden[layer][:, :PROMPT], upper, first_layer=layer, start=0, keep=1)
            lower = [(keys[..., :PROMPT, :], values[..., :PROMPT, :]) for keys, values in held[:layer]]
            joined = cache_of([*lower, *layers_of(upper)])
            later, rest = mutated_view(model, {1: mutant}), hidden[layer][:, PROMPT:]
            goes_on = forward_between(model, later, rest, joined, first_layer=layer, start=PROMPT, keep=NEW)
            logits = torch.cat((start, goes_on), dim=1)
            wanted = slice(PROMPT - 1, None)
            if not (self._agree(logits[0], original[wanted]) and self._agree(logits[1], plain[wanted])):
                return False
        return True

    def _packed(self, verdict: Verdict, mutant: Mutant, original: Tensor, plain: Tensor) -> bool:
        """Whether texts laid into one another are read as each by itself; with a window, as far as it reaches."""
        other = [*self.text[: PROMPT // 2], *reversed(self.text[PROMPT // 2 : PROMPT])]
        alone = Single(self.model, make_mutant(self.model, Genotype()), verdict).whole(other, 2)
        tree = Tree()
        places, others = tree.add(self.text), tree.add(other)
        row = row_of_tree(self.model, tree)
        kept = torch.tensor([*places, *others[-2:]], device=self.model.device)
        view = mutated_view(self.model, {1: mutant})
        read = forward_row(self.model, view, row, 2, keep=kept, hidden=None, first_layer=0, cache=DynamicCache())
        own, more = read[:, : len(places)], read[0, len(places) :]
        return self._agree(own[0], original) and self._agree(own[1], plain) and self._agree(more, alone)

    def _ragged(self, mutant: Mutant, original: Tensor, plain: Tensor) -> bool:
        """Whether texts of different lengths go on in one batch as each by itself."""
        lengths = (PROMPT - 3, PROMPT)
        rows = [cut(self.layers, row, slice(0, length)) for row, length in enumerate(lengths)]
        together, mask = stack_ragged(rows, 1)
        mask = torch.cat([mask, mask.new_ones(2, 1)], dim=1)
        positions = self._batch([[length] for length in lengths])
        fed = self._batch([[self.text[length]] for length in lengths])
        view = mutated_view(self.model, {1: mutant})
        read = forward(self.model, view, fed, together, keep=1, positions=positions, mask=mask)
        return self._agree(read[0, 0], original[lengths[0]]) and self._agree(read[1, 0], plain[lengths[1]])

    def _drafted(self, mutant: Mutant, original: Tensor, plain: Tensor) -> bool:
        """Whether texts of different lengths go on by several tokens in one batch, from what enters a layer, twice."""
        lengths, layers = (PROMPT - 4, PROMPT - 2), self.model.anatomy.layer_count
        hidden = [[torch.cat(record, dim=1) for record in own] for own in self.records]
        for layer in sorted({min(1, layers - 1), layers - 1}):
            rows = [cut(self.layers, row, slice(0, length)) for row, length in enumerate(lengths)]
            resumed, read = Resumed(self.model, layer, rows), []
            for step in (0, 2):
                fed = [
                    own[layer][:, start + step : start + step + 2] for own, start in zip(hidden, lengths, strict=True)
                ]
                read.append(resumed.read(mutated_view(self.model, {1: mutant}), fed))
            logits = torch.cat(read, dim=1)
            wanted = [slice(length, length + 4) for length in lengths]
            if not (self._agree(logits[0], original[wanted[0]]) and self._agree(logits[1], plain[wanted[1]])):
                return False
        return True

    # ------------------------------------------------------------------------------------- common

    def _batch(self, rows: Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor([list(row) for row in rows], device=self.model.device)

    def _agree(self, read: Tensor, plain: Tensor) -> bool:
        """Whether logits are the same but for rounding."""
        if read.shape != plain.shape:
            return False
        same = read.isfinite() & plain.isfinite()
        if not torch.equal(read.isfinite(), plain.isfinite()):
            return False
        apart, scale = (float(each[same].square().mean().sqrt()) for each in (read - plain, plain))
        return apart <= self.tolerance * scale

    def _fault(self, ask: Callable[[], bool]) -> str:
        """Why something cannot be relied on, as a clause; "": it can."""
        try:
            return "" if ask() else "it gives something else"
        except ModelError:
            return "its module takes no part in the forward pass"
        except torch.OutOfMemoryError:
            raise
        except Exception as fault:  # noqa: BLE001  # whatever a model's code makes of what it was not written for
            return f"it raises {type(fault).__name__}"


_UNKNOWN = "it is not known what its module computes with it"
_CHOOSES = "it chooses which tokens it attends to"
_NO_ROWS = "original and mutant cannot share a batch"


def _part_of(matrix: Matrix) -> Site:
    """The first half of its rows; of an embedding those of the first words."""
    most = 64 if matrix.uses[0].layout == "embedding" else max(1, matrix.rows // 2)
    return Site(part=matrix.kind, layer=matrix.layer, rows=Slice(0, min(most, matrix.rows)))


def is_alone(model: LoadedModel, mutant: Mutant, shortest: int, longest: int) -> bool:
    """Whether a mutant is to be computed by itself, over texts of so many tokens."""
    verdict, turn = verdict_of(model), model.turning_point
    if verdict.rows or (turn is not None and shortest <= turn < longest) or longest > (model.chooses_beyond or longest):
        return True
    if not all(slab.matrix.is_known_in_use for slab in mutant.slabs):
        return True
    if not verdict.slow and not verdict.idle:
        return False
    sorts = {sort_of(slab.matrix) for slab in mutant.slabs}
    return not sorts.isdisjoint(verdict.slow.keys() | set(verdict.idle))
