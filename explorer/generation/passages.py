"""Given texts, read by many genotypes at once: how likely each finds them, and how far it is from the original there.

Nothing is generated, so a genotype costs a fraction of a forward pass (what texts begin with is computed once).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.generation.differences import kl_of
from explorer.generation.laid import HIDDEN_KEPT, TREE, Laid
from explorer.generation.packed import Tree
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant

LOGITS = 2**26
"""Logits of one pass, at most: a quarter of a GiB of float32."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of which the last tokens are an answer to the first."""

    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    """Of the answer, one at least."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a genotype makes of a passage."""

    likelihood: float
    """Mean log-likelihood of the answer, in nats a token; NaN if the pass overflows."""
    kl: float | None
    """Mean KL(original ‖ genotype) over the answer, in nats a token; None where it was not asked for, or overflows."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A passage in a tree."""

    number: int
    """Its place among all passages."""
    text: tuple[int, ...]
    """The places of prompt and answer, but the last token."""
    prompt: int
    """How many tokens the prompt has."""

    @property
    def chosen_from(self) -> tuple[int, ...]:
        """The places whose logits the answer's tokens are chosen from."""
        return self.text[self.prompt - 1 :]


def lay(model: LoadedModel, passages: Sequence[Passage]) -> list[tuple[Laid, list[Placed]]]:
    """Passages in as many trees as it takes, in their order."""
    found: list[tuple[Laid, list[Placed]]] = []
    tree, placed = Tree(), list[Placed]()

    def close() -> None:
        found.append((Laid(model, tree, {place for each in placed for place in each.chosen_from}), placed))

    for number, passage in enumerate(passages):
        text = (*passage.prompt_tokens, *passage.tokens[:-1])
        if placed and len(tree) + tree.grown_by([text]) > TREE:
            close()
            tree, placed = Tree(), []
        placed.append(Placed(number, tree.add(text), len(passage.prompt_tokens)))
    if placed:
        close()
    return found


class Passages:
    """Passages made ready for one model."""

    def __init__(
        self,
        model: LoadedModel,
        passages: Sequence[Passage],
        compared: Collection[int] = (),
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """Those `compared` also tell their KL from the original; `breathe` is called before each forward pass."""
        self.passages = tuple(passages)
        self._compared, self._breathe = frozenset(compared), breathe
        self._laid: list[tuple[Laid, list[Placed]]] = []
        self._original: dict[int, Tensor] = {}
        """Log-probabilities [answer tokens, vocabulary] of the original, of those that are compared."""
        self.original: tuple[Heard, ...] = ()
        """What the original makes of each."""
        self._prepare(model)

    def _prepare(self, model: LoadedModel) -> None:
        self._laid, room, heard = lay(model, self.passages), HIDDEN_KEPT, dict[int, Heard]()
        for laid, placed in self._laid:
            self._breathe()
            logits = laid.read_original(room)
            room -= laid.bytes_kept
            for each in placed:
                told = logits[laid.at(each.chosen_from)].log_softmax(-1)
                if each.number in self._compared:
                    self._original[each.number] = told
                heard[each.number] = self._heard(each, told)
        self.original = tuple(heard[number] for number in range(len(self.passages)))

    def read(self, mutants: Sequence[Mutant]) -> list[tuple[Heard, ...]]:
        """What each mutant makes of each passage."""
        found: list[dict[int, Heard]] = [{} for _ in mutants]
        for laid, placed in self._laid:
            for start, stop in self._shares(laid, len(mutants)):
                self._breathe()
                for row, logits in enumerate(laid.read(mutants[start:stop]), start):
                    for each in placed:
                        told = logits[laid.at(each.chosen_from)].log_softmax(-1)
                        found[row][each.number] = self._heard(each, told)
        return [tuple(heard[number] for number in range(len(self.passages))) for heard in found]

    def _shares(self, laid: Laid, count: int) -> Iterator[tuple[int, int]]:
        rows = max(1, LOGITS // (len(laid.kept) * laid.vocabulary))
        return ((start, min(start + rows, count)) for start in range(0, count, rows))

    def _heard(self, placed: Placed, told: Tensor) -> Heard:
        tokens = torch.tensor(self.passages[placed.number].tokens, device=told.device)
        original = self._original.get(placed.number)
        return Heard(
            likelihood=float(told.gather(-1, tokens.unsqueeze(-1)).mean()),
            kl=None if original is None else kl_of(original, original.exp(), told),
        )
