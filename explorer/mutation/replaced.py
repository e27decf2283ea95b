"""A mutant as tensors to put in place of the model's own: right for every parameter, whatever computes with it."""

import torch
from torch import Tensor

from explorer.model.loaded import LoadedModel
from explorer.model.weights import parameter_of, upright
from explorer.model.widened import like, stored_in
from explorer.mutation.apply import Mutant


def replaced_tensors(model: LoadedModel, mutant: Mutant) -> dict[str, Tensor]:
    """By path below the model, a copy of each touched tensor with the mutant's weights; a tied one at all its paths."""
    found: dict[str, Tensor] = {}
    for slab in mutant.slabs:
        own = parameter_of(model.causal_lm, slab.matrix)
        paths = model.tensor_names[id(own)]
        if paths[0] not in found:
            copy = stored_in(own).clone(memory_format=torch.contiguous_format)
            found |= dict.fromkeys(paths, copy)
        use = slab.matrix.uses[0]
        upright(found[paths[0]], slab.matrix)[use.features(slab.rows)] = slab.weights
    return {path: like(model.causal_lm.get_parameter(path), tensor) for path, tensor in found.items()}
