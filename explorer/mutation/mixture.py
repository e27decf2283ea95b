"""Mutated experts and routers: what a mixture of experts computes for some rows of the batch.

A routed expert is mutated for the tokens that reach it. The experts that are whole compute as they always do,
with the mutated ones' share set to nothing; the mutated ones are added, each from a copy of its own matrices.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from explorer.model.linear import linear
from explorer.model.view import shadow
from explorer.model.widened import like, stored_in
from explorer.mutation.slab import Slab


class MixturePatch:
    """Recomputes a mixture of experts, with some matrices replaced, for some batch rows."""

    def __init__(self, block: nn.Module, slabs: Sequence[Slab], batch_rows: slice) -> None:
        self._batch_rows = batch_rows
        self._router: Any = block.gate
        self._experts: Any = block.experts
        self._mutated: dict[int, dict[str, Tensor]] = {}
        """Of each mutated expert, by parameter: copies of what is touched, the model's own of what is not."""
        for slab in slabs:
            self._replace(slab)

    def __call__(self, x: Tensor, output: Tensor) -> Tensor:
        """Input and output [batch, tokens, hidden size]."""
        own = x[self._batch_rows]
        tokens = own.reshape(-1, own.shape[-1])
        _, shares, experts = self._router(tokens)
        is_mutated = torch.isin(experts, torch.tensor(list(self._mutated), device=experts.device, dtype=experts.dtype))
        total = self._experts(tokens, experts, shares.masked_fill(is_mutated, 0))
        for number, matrices in self._mutated.items():
            place, choice = torch.where(experts == number)
            if len(place):
                said = self._run_expert(tokens[place], **matrices) * shares[place, choice, None]
                total = total.index_add(0, place, said.to(total.dtype))
        output[self._batch_rows] = total.view(own.shape)
        return output

    def _run_expert(self, x: Tensor, gate_up_proj: Tensor, down_proj: Tensor) -> Tensor:
        gate, up = linear(x, gate_up_proj).chunk(2, dim=-1)
        return linear(self._experts.act_fn(gate) * up, down_proj)

    def _replace(self, slab: Slab) -> None:
        use = slab.matrix.uses[0]
        rows = use.features(slab.rows)
        if use.expert is None:
            own = self._router.weight
            weight = stored_in(own).clone()
            weight[rows] = slab.weights
            self._router = shadow(self._router)
            self._router._parameters["weight"] = nn.Parameter(like(own, weight), requires_grad=False)
            return
        names = ("gate_up_proj", "down_proj")
        own = {name: stored_in(getattr(self._experts, name))[use.expert] for name in names}
        matrices = self._mutated.setdefault(use.expert, own)
        name = use.parameter.rpartition(".")[2]
        if slab.weights.shape == own[name].shape:
            matrices[name] = slab.weights
            return
        if matrices[name].data_ptr() == own[name].data_ptr():
            matrices[name] = own[name].clone()
        matrices[name][rows] = slab.weights
