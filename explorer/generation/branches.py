"""Texts that leave a baseline, read together from where they leave it: what comes before is the baseline's."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from explorer.generation.baseline import Baseline
from explorer.generation.passes import forward
from explorer.generation.ragged import Layers, cut, layers_of, stack_ragged
from explorer.model.loaded import LoadedModel
from explorer.model.view import View


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A text, and where it leaves the baseline."""

    tokens: tuple[int, ...]
    start: int
    """The place of the first token that is not the baseline's."""

    @property
    def fed(self) -> tuple[int, ...]:
        """What has to be read: the tokens from there on but the last."""
        return self.tokens[self.start : -1]


def branch_of(baseline: Baseline, tokens: Sequence[int]) -> Branch | None:
    """Where a text leaves the baseline; None if it ends as the baseline begins."""
    pairs = enumerate(zip(tokens, baseline.tokens, strict=False))
    start = next((place for place, (own, other) in pairs if own != other), None)
    return None if start is None else Branch(tuple(tokens), start)


def read_branches(model: LoadedModel, view: View, baseline: Baseline, branches: Sequence[Branch]) -> list[Layers]:
    """The keys and values of the tokens that are fed, of each. `view` is of what the baseline is of."""
    prompt, width = len(baseline.prompt_tokens), max(len(each.fed) for each in branches)
    held = list(zip(baseline.key_values.keys, baseline.key_values.values, strict=True))
    rows = [[tuple(part[..., : prompt + each.start, :] for part in pair) for pair in held] for each in branches]
    cache, mask = stack_ragged(rows, width)  # type: ignore[arg-type]
    before = mask.shape[1]
    fed = [[*each.fed, *[0] * (width - len(each.fed))] for each in branches]
    steps = [[prompt + min(each.start + place, len(each.tokens) - 1) for place in range(width)] for each in branches]
    forward(
        model, view, torch.tensor(fed, device=model.device), cache,
        keep=1,
        positions=torch.tensor(steps, device=model.device),
        mask=torch.cat([mask, mask.new_ones(len(branches), width)], dim=1),
    )  # fmt: skip
    layers = layers_of(cache)
    return [cut(layers, row, slice(before, before + len(each.fed))) for row, each in enumerate(branches)]
