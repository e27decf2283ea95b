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
from explorer.mutation.slab import Slab


class MixturePatch:
    """Recomputes a mixture of experts, with some matrices replaced, for some batch rows."""

    def __init__(self, block: nn.Module, slabs: Sequence[Slab], batch_rows: slice) -> None:
        self._batch_rows = batch_rows
        self._router: Any = block.gate
        self._experts: Any = block.experts
        self._mutated: dict[int, tuple[Tensor, Tensor]] = {}
        """Gate and up, one above the other, and down of each mutated expert: copies."""
        for slab in slabs:
            self._replace(slab)

    def __call__(self, x: Tensor, output: Tensor) -> Tensor:
        """Input and output [batch, tokens, hidden size]."""
        own = x[self._batch_rows]
        tokens = own.reshape(-1, own.shape[-1])
        _, shares, experts = self._router(tokens)
        is_mutated = torch.isin(experts, torch.tensor(list(self._mutated), device=experts.device, dtype=experts.dtype))
        total = self._experts(tokens, experts, shares.masked_fill(is_mutated, 0))
        for number, (gate_up, down) in self._mutated.items():
            place, choice = torch.where(experts == number)
            if len(place):
                said = self._run_expert(tokens[place], gate_up, down) * shares[place, choice, None]
                total = total.index_add(0, place, said.to(total.dtype))
        output[self._batch_rows] = total.view(own.shape)
        return output

    def _run_expert(self, x: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
        gate, up = linear(x, gate_up).chunk(2, dim=-1)
        return linear(self._experts.act_fn(gate) * up, down)

    def _replace(self, slab: Slab) -> None:
        use = slab.matrix.uses[0]
        rows = use.features(slab.rows)
        if use.expert is None:
            weight = self._router.weight.detach().clone()
            weight[rows] = slab.weights
            self._router = shadow(self._router)
            self._router._parameters["weight"] = nn.Parameter(weight, requires_grad=False)
            return
        if use.expert not in self._mutated:
            held = (self._experts.gate_up_proj[use.expert], self._experts.down_proj[use.expert])
            self._mutated[use.expert] = (held[0].detach().clone(), held[1].detach().clone())
        is_down = slab.matrix.kind.endswith(".down")
        self._mutated[use.expert][int(is_down)][rows] = slab.weights
