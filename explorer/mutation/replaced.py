"""A mutant as tensors to put in place of the model's own: right for every parameter, whatever computes with it."""

import torch
from torch import Tensor

from explorer.model.loaded import LoadedModel
from explorer.model.weights import parameter_of, upright
from explorer.mutation.apply import Mutant


def replaced_tensors(model: LoadedModel, mutant: Mutant) -> dict[str, Tensor]:
    """By path below the model, a copy of each touched tensor with the mutant's weights; a tied one at all its paths."""
    found: dict[str, Tensor] = {}
    for slab in mutant.slabs:
        own = parameter_of(model.causal_lm, slab.matrix)
        paths = model.tensor_names[id(own)]
        if paths[0] not in found:
            found |= dict.fromkeys(paths, own.detach().clone(memory_format=torch.contiguous_format))
        use = slab.matrix.uses[0]
        upright(found[paths[0]], slab.matrix)[use.features(slab.rows)] = slab.weights
    return found
