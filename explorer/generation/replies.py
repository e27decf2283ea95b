"""What many genotypes say to some prompts, all of them in one batch.

One pass over all prompts, which computes once what they begin with, goes along the first tokens of the original's
answers; keys and values up to where a genotype parts are taken from it. Then the texts of all grow together.
"""

from collections.abc import Callable, Sequence

import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Answer
from explorer.domain.genotype import Genotype
from explorer.generation.answers import all_answers, answer_of
from explorer.generation.decoding import Choices, choose, near_tie
from explorer.generation.laid import HIDDEN_KEPT, Laid
from explorer.generation.passages import Passage, Placed, lay
from explorer.generation.ragged import Layers
from explorer.generation.together import Growing, decode_together, is_apart
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant

TEXTS = 96
"""Texts that grow in one batch, at most, unless one genotype has more prompts."""

DRAFT = 8
"""Tokens of the original's answer that are checked at once. In a large batch a token costs as much to check as to
generate, so a longer draft is lost on whoever parts early."""


class Replies:
    """Prompts made ready for one model, with the original's answers. Raises PromptError."""

    def __init__(
        self,
        model: LoadedModel,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`breathe` is called before each forward pass."""
        self._model, self._prompts, self._decoding, self._breathe = model, tuple(prompts), decoding, breathe
        self._encoded = [tuple(model.encode(prompt, decoding)) for prompt in prompts]
        self.original = self._said(Genotype())
        """The original's answers."""
        drafts = [(number, answer) for number, answer in enumerate(self.original) if answer.tokens]
        self._drafted = [number for number, _ in drafts]
        passages = [Passage(self._encoded[number], answer.tokens[:DRAFT]) for number, answer in drafts]
        self._laid = lay(model, passages)
        room = HIDDEN_KEPT
        for laid, _ in self._laid:
            breathe()
            laid.read_original(room)
            room -= laid.bytes_kept

    @property
    def at_once(self) -> int:
        """Genotypes that answer together, at most."""
        return max(1, TEXTS // max(1, len(self._prompts)))

    def read(self, mutants: Sequence[Mutant]) -> list[tuple[Answer, ...]]:
        """What each mutant says to each prompt."""
        apart = [self._is_apart(mutant) for mutant in mutants]
        together = [mutant for mutant, is_slow in zip(mutants, apart, strict=True) if not is_slow]
        found = iter(
            answered
            for start in range(0, len(together), self.at_once)
            for answered in self._together(together[start : start + self.at_once])
        )
        return [
            self._said(mutant.genotype) if is_slow else next(found)
            for mutant, is_slow in zip(mutants, apart, strict=True)
        ]

    def _is_apart(self, mutant: Mutant) -> bool:
        return (
            len(self._drafted) < len(self._prompts)
            or not all(laid.is_packed(mutant) for laid, _ in self._laid)
            or is_apart(self._model, mutant, self._encoded, self._decoding)
        )

    def _said(self, genotype: Genotype) -> tuple[Answer, ...]:
        """A genotype by itself."""
        return all_answers(self._model, genotype, self._prompts, self._decoding, self._breathe)

    def _together(self, mutants: Sequence[Mutant]) -> list[tuple[Answer, ...]]:
        texts: dict[tuple[int, int], Growing] = {}
        for laid, placed in self._laid:
            self._breathe()
            logits, held = laid.read_packed(mutants)
            for row, mutant in enumerate(mutants):
                for each in placed:
                    number = self._drafted[each.number]
                    choices = choose(
                        logits[row, laid.at(each.chosen_from)], self._decoding, 0, near_tie(self._model.dtype)
                    )
                    texts[row, number] = self._begun(mutant, number, choices, each, laid, held, row)
            del logits, held
        for _ in decode_together(self._model, list(texts.values()), self._decoding):
            self._breathe()
        return [
            tuple(answer_of(self._model, texts[row, number]) for number in range(len(self._prompts)))
            for row in range(len(mutants))
        ]

    def _begun(
        self, mutant: Mutant, number: int, choices: Choices, placed: Placed, laid: Laid, held: Layers, row: int
    ) -> Growing:
        """A text as far as it follows the original's answer, and the first token after that."""
        text = Growing(mutant, self._encoded[number])
        for (token, gap, is_finite), expected in zip(choices.told(), self.original[number].tokens, strict=False):
            text.take_choice(self._model, token, gap, is_finite, self._decoding)
            if text.end is not None or token != expected:
                break
        if text.end is None:
            places = torch.tensor(placed.text[: text.length], device=laid.kept.device)
            text.key_values = [
                (keys[row : row + 1].index_select(2, places), values[row : row + 1].index_select(2, places))
                for keys, values in held
            ]
        return text
