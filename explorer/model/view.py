"""A private look at a model: its weights are shared, its tree of modules is its own where it differs.

A view copies just the modules on the way to those it changes (a copy is a new object with the same
parameters). Hooks and replacements live in the copies, so they are never seen by the model itself or by
another view: nothing has to be undone, and views can run at the same time.
"""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

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
        self.rows = 0
        """How many rows the batch of the present pass has."""
        self._owned: dict[str, nn.Module] = {"": self.root}
        self._changed: set[str] = set()
        self._fired: set[str] = set()

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
        self.spare(path)

    def spare(self, path: str) -> None:
        """What a pass does not call, and need not, since its effect is already there."""
        self._changed = {changed for changed in self._changed if changed != path and not changed.startswith(f"{path}.")}

    def before(self, path: str, see: Callable[[Tensor], None]) -> None:
        """Show `see` the first argument of every call of the module at a path."""

        def hook(_module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            see(arguments[0] if arguments else keywords["hidden_states"])

        self.own(path).register_forward_pre_hook(hook, with_kwargs=True)

    def feed(self, path: str, hidden: Tensor) -> None:
        """Give the module at a path something else for its first argument."""

        def hook(
            _module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]
        ) -> tuple[tuple[Any, ...], dict[str, Any]]:
            if arguments:
                return (hidden, *arguments[1:]), keywords
            return arguments, keywords | {"hidden_states": hidden}

        self.own(path).register_forward_pre_hook(hook, with_kwargs=True)

    def give(self, path: str, hidden: Tensor) -> None:
        """Hand something else on for the first output of the module at a path."""

        def hook(_module: nn.Module, _arguments: tuple[Any, ...], output: Any) -> Any:
            return type(output)([hidden, *output[1:]]) if isinstance(output, tuple | list) else hidden

        self.own(path).register_forward_hook(hook)

    def behind(self, path: str, see: Callable[[Tensor], None]) -> None:
        """Show `see` the first output of every call of the module at a path."""

        def hook(_module: nn.Module, _arguments: tuple[Any, ...], output: Any) -> None:
            see(output[0] if isinstance(output, tuple | list) else output)

        self.own(path).register_forward_hook(hook)

    def after(self, path: str, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        """Pass every output of the module at a path through `change(input, output)`.

        Both have the rows of the batch as their first dimension; a module that sees all tokens of all rows in one
        line gets its line back.
        """
        self._changed.add(path)

        def hook(_module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
            self._fired.add(path)
            x = arguments[0]
            if not self.rows or len(output) == self.rows or len(output) % self.rows or len(output) != len(x):
                return change(x, output)
            rows = (self.rows, len(output) // self.rows)
            return change(x.view(*rows, *x.shape[1:]), output.view(*rows, *output.shape[1:])).view(output.shape)

        self.own(path).register_forward_hook(hook)

    def begin(self, rows: int) -> None:
        """A pass over a batch of so many rows begins."""
        self.rows = rows
        self._fired.clear()

    @property
    def unused(self) -> list[str]:
        """The changed modules that the pass has not called."""
        return sorted(self._changed - self._fired)


class Passthrough(nn.Module):
    """Stands for a layer that need not be computed: hands its first argument on, or what it was given."""

    def __init__(self, layer: nn.Module, given: Tensor | None = None, *, in_tuple: bool = False) -> None:
        super().__init__()
        self.given, self.in_tuple = given, in_tuple
        for name in ("attention_type", "layer_type", "is_attention_layer"):
            if hasattr(layer, name):  # models with layers of several kinds ask the layer for its own
                setattr(self, name, getattr(layer, name))

    def forward(self, hidden_states: Tensor, *_arguments: object, **_keywords: object) -> Tensor | tuple[Tensor, None]:
        """Hidden states [batch, tokens, hidden], by themselves or as layers of old hand them on."""
        hidden = hidden_states if self.given is None else self.given
        return (hidden, None) if self.in_tuple else hidden
