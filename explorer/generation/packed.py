"""Texts with common beginnings as one row of tokens: a tree, in which each token sees its own ancestors alone.

What several texts begin with is computed once, and there is no padding. Rows of a batch are then free for mutants.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from explorer.model.loaded import LoadedModel


@dataclass(slots=True)
class Tree:
    """Texts laid into one another as far as they agree."""

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    """Of each token in its own text, from 0."""
    _parents: list[int] = field(default_factory=list)
    """The place of the token before it; -1: none."""
    _children: dict[tuple[int, int], int] = field(default_factory=dict)
    """By place and next token."""

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, text: Sequence[int]) -> tuple[int, ...]:
        """The place of each token of a text, which are new where no text before it went on so."""
        places: list[int] = []
        parent = -1
        for position, token in enumerate(text):
            parent = self._children.setdefault((parent, token), len(self.tokens))
            if parent == len(self.tokens):
                self.tokens.append(token)
                self.positions.append(position)
                self._parents.append(places[-1] if places else -1)
            places.append(parent)
        return tuple(places)

    def grown_by(self, texts: Iterable[Sequence[int]]) -> int:
        """How many tokens longer it would be with some texts, each counted as if it were the only one."""
        return sum(len(text) - self._known(text) for text in texts)

    def texts(self) -> Iterator[tuple[int, ...]]:
        """The places of each text that no other goes on from."""
        for place in set(range(len(self))) - set(self._parents):
            text = [place]
            while self._parents[text[-1]] >= 0:
                text.append(self._parents[text[-1]])
            yield tuple(reversed(text))

    def sees(self) -> Tensor:
        """Whether a token sees another, bool [tokens, tokens]: itself and its ancestors."""
        seen = torch.zeros(len(self.tokens), len(self.tokens), dtype=torch.bool)
        for place, parent in enumerate(self._parents):
            if parent >= 0:
                seen[place] = seen[parent]
            seen[place, place] = True
        return seen

    def _known(self, text: Sequence[int]) -> int:
        place = -1
        for length, token in enumerate(text):
            if (place, token) not in self._children:
                return length
            place = self._children[place, token]
        return len(text)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A tree as what a forward pass takes."""

    tokens: Tensor
    """[1, tokens]."""
    positions: Tensor
    """[1, tokens]."""
    mask: Tensor | dict[str, Tensor]
    """[1, 1, tokens, tokens], added to the attention scores; by kind of layer, where a family has several."""


def row_of_tree(model: LoadedModel, tree: Tree) -> Row:
    """The row, on the model's device."""
    positions = torch.tensor([tree.positions])
    sees = tree.sees()
    return Row(
        tokens=torch.tensor([tree.tokens], device=model.device),
        positions=positions.to(model.device),
        mask=_masks(model, sees, positions[0]),
    )


def _masks(model: LoadedModel, sees: Tensor, positions: Tensor) -> Tensor | dict[str, Tensor]:
    """As the model's own code would make them of a plain text: layers with a window see no further back."""
    config = model.causal_lm.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    full = _added(model, sees)
    if window is None or (kinds and "sliding_attention" not in kinds):
        return full
    near = _added(model, sees & (positions.unsqueeze(1) - positions.unsqueeze(0) < window))
    return {"full_attention": full, "sliding_attention": near} if kinds else near


def _added(model: LoadedModel, sees: Tensor) -> Tensor:
    mask = torch.zeros(sees.shape, dtype=model.dtype).masked_fill(~sees, torch.finfo(model.dtype).min)
    return mask[None, None].to(model.device)
