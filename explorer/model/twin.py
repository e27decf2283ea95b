"""A second tree of a model's modules over the very same tensors: where a mutant runs with its tensors replaced.

Hooks, states that modules keep, and tensors that are put in place of others live in the twin, so that the model itself
is never written to, whoever looks at it meanwhile.
"""

import copy
from collections import defaultdict
from itertools import chain
from typing import TypeVar

from torch import nn

Model = TypeVar("Model", bound=nn.Module)


def twin_of(model: Model) -> Model:
    """Modules of its own, wherever a module holds another; parameters and buffers shared."""
    shared = {id(tensor): tensor for tensor in chain(model.parameters(), model.buffers())}
    return copy.deepcopy(model, shared)


def names_of_tensors(model: nn.Module) -> dict[int, tuple[str, ...]]:
    """By `id` of each parameter, the paths at which modules hold it: several for tied ones."""
    found: dict[int, list[str]] = defaultdict(list)
    for path, module in model.named_modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                found[id(parameter)].append(f"{path}.{name}" if path else name)
    return {key: tuple(names) for key, names in found.items()}
