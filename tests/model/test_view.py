"""Views share weights and nothing else."""

import torch
from torch import nn

from explorer.model.view import View, shadow


def _network() -> nn.Module:
    return nn.Sequential(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)), nn.Linear(3, 2))


def test_a_shadow_shares_weights_but_not_hooks() -> None:
    module = nn.Linear(3, 2)
    copy = shadow(module)
    copy.register_forward_hook(lambda _m, _a, output: output * 0)
    x = torch.ones(1, 3)
    module.requires_grad_(False)
    assert copy.weight is module.weight
    assert float(copy(x).abs().sum()) == 0
    assert float(module(x).abs().sum()) > 0


def test_changes_in_a_view_stay_in_it() -> None:
    network = _network()
    x = torch.ones(1, 3)
    before = network(x)
    view = View(network)
    view.after("0.1", lambda _x, output: output * 0)
    view.replace("0.0", nn.Identity())
    seen: list[torch.Tensor] = []
    view.before("1", seen.append)
    assert torch.equal(view.root(x), network[1](torch.zeros(1, 3)))  # type: ignore[index]
    assert torch.equal(seen[0], torch.zeros(1, 3))
    assert torch.equal(network(x), before)
    assert torch.equal(View(network).root(x), before)


def test_only_the_way_to_a_change_is_copied() -> None:
    network = _network()
    view = View(network)
    assert view.own("0.1") is view.own("0.1")
    assert view.root.get_submodule("1") is network.get_submodule("1")
    assert view.root.get_submodule("0.0") is network.get_submodule("0.0")
    assert view.root.get_submodule("0.1") is not network.get_submodule("0.1")
