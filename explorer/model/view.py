"""A private look at a model: its weights are shared, its tree of modules is its own where it differs.

A view copies just the modules on the way to those it changes (a copy is a new object with the same
parameters). Hooks and replacements live in the copies, so they are never seen by the model itself or by
another view: nothing has to be undone, and views can run at the same time.
"""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)

_OWN_TABLES = (
    "_modules",
    "_parameters",
    "_buffers",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
)


def shadow(module: Module) -> Module:
    """A copy of one module that shares parameters and children but has tables of its own."""
    clone = module.__class__.__new__(module.__class__)
    clone.__dict__ = dict(module.__dict__)
    for table in _OWN_TABLES:
        clone.__dict__[table] = copy.copy(module.__dict__[table])
    return clone


class View:
    """A model whose modules can be changed without changing the model."""

    def __init__(self, root: nn.Module) -> None:
        self.root = shadow(root)
        self._owned: dict[str, nn.Module] = {"": self.root}

    def own(self, path: str) -> nn.Module:
        """The view's private copy of the module at a dotted path, made on the first call."""
        if path not in self._owned:
            parent_path, _, name = path.rpartition(".")
            parent = self.own(parent_path)
            child = parent.get_submodule(name)
            self._owned[path] = shadow(child)
            parent._modules[name] = self._owned[path]
        return self._owned[path]

    def replace(self, path: str, module: nn.Module) -> None:
        """Put another module at a path."""
        parent_path, _, name = path.rpartition(".")
        self.own(parent_path)._modules[name] = module
        self._owned[path] = module

    def before(self, path: str, see: Callable[[Tensor], None]) -> None:
        """Show `see` the first argument of every call of the module at a path."""

        def hook(_module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            see(arguments[0] if arguments else keywords["hidden_states"])

        self.own(path).register_forward_pre_hook(hook, with_kwargs=True)

    def after(self, path: str, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        """Pass every output of the module at a path through `change(input, output)`."""

        def hook(_module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
            return change(arguments[0], output)

        self.own(path).register_forward_hook(hook)


class Passthrough(nn.Module):
    """Stands for a layer whose output is already known: hands its first argument on."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        if hasattr(layer, "attention_type"):  # families with layers of several kinds ask the layer for its own
            self.attention_type = layer.attention_type

    def forward(self, hidden_states: Tensor, *_arguments: object, **_keywords: object) -> Tensor:
        """Hidden states [batch, tokens, hidden], unchanged."""
        return hidden_states


class NoPositions(nn.Module):
    """Stands for a position embedding whose effect is already in the hidden states."""

    def forward(self, _positions: Tensor) -> Tensor:
        """Zero, whatever the positions."""
        return torch.zeros(())
