"""How much memory a model will take, and whether it is there: decided before anything is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from explorer.domain.errors import ModelError
from explorer.domain.placement import FLOAT32, Placement
from explorer.files import memory
from explorer.files.memory import needed
from explorer.model.stored import Stored

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """How the weights of a checkpoint will be kept."""

    dtype: torch.dtype | None
    """In which precision; None: each as it is stored."""
    size: int
    """In bytes."""
    fits: bool
    """Whether the device takes all of them; what does not fit stays in the memory of the CPU."""
    sentence: str


@dataclass(frozen=True, slots=True)
class _Choice:
    """A way to keep the weights."""

    dtype: torch.dtype | None
    name: str
    size: int


def plan(
    name: str,
    tensors: Sequence[Stored],
    placement: Placement,
    device: torch.device,
    reclaim: Callable[[int], None] = lambda _: None,
    *,
    is_coded: bool = False,
) -> MemoryPlan:
    """Decide it. `is_coded`: the tensors are those that codes are turned into, once, in their own precision.

    `reclaim` is told how many bytes are missing, before a model is refused; it may free some. Raises ModelError if
    there is not enough memory, with what there is and a way out.
    """
    choices = _choices(tensors, placement, device, is_coded=is_coded)
    for is_last in (False, True):
        free = free_memory(device)
        for place, choice in enumerate(choices):
            if needed(choice.size) <= free:
                why = f", since {choices[0].name} would take {_bytes(choices[0].size)}" if place else ""
                sentence = (
                    f"Reading {name}: {_bytes(choice.size)} of weights in {choice.name}{why}; {_bytes(free)} of memory "
                    "are free …"
                )
                return MemoryPlan(dtype=choice.dtype, size=choice.size, fits=True, sentence=sentence)
        least = choices[-1]
        counts_wide = placement.arithmetic == FLOAT32
        if device.type != "cpu" and counts_wide and needed(least.size) <= free_memory(torch.device("cpu")):
            sentence = (
                f"Reading {name}: {_bytes(least.size)} of weights in {least.name}, and {device} has {_bytes(free)} "
                "free: layers that do not fit stay in the memory of the CPU, which is slower …"
            )
            return MemoryPlan(dtype=least.dtype, size=least.size, fits=False, sentence=sentence)
        if not is_last:
            reclaim(needed(least.size) - free)
    smaller = "" if "float32" not in least.name else f"--dtype bfloat16 ({_bytes(least.size // 2)}), "
    raise ModelError(
        f"{name} takes {_bytes(needed(least.size))} of memory in {least.name}, and {_bytes(free)} are free here: close "
        f"other programs, or take {smaller}a smaller model or a machine with more memory."
    )


def free_memory(device: torch.device) -> int:
    """Bytes that a model may still take on a device."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else memory.free_memory()


def dtype_of(name: str | None) -> torch.dtype | None:
    """A precision by its name. Raises ModelError for another name."""
    if name is not None and name not in _DTYPES:
        raise ModelError(f"There is no dtype '{name}'. Choose from: {', '.join(_DTYPES)}.")
    return None if name is None else _DTYPES[name]


def _choices(tensors: Sequence[Stored], placement: Placement, device: torch.device, *, is_coded: bool) -> list[_Choice]:
    """The ways to keep the weights, the best first."""
    counts: Counter[torch.dtype] = Counter()
    for tensor in tensors:
        counts[tensor.dtype] += tensor.count
    main = counts.most_common(1)[0][0] if counts else torch.float32
    stored = _Choice(
        None, str(main).removeprefix("torch."), sum(each.itemsize * count for each, count in counts.items())
    )

    def cast(dtype: torch.dtype) -> _Choice:
        sizes = (count * (dtype if each.is_floating_point else each).itemsize for each, count in counts.items())
        return _Choice(dtype, str(dtype).removeprefix("torch."), sum(sizes))

    asked = dtype_of(placement.dtype)
    if asked is not None:
        return [stored if asked == main else cast(asked)]
    can_be_wide = device.type == "cpu" and main != torch.float32 and placement.arithmetic == FLOAT32 and not is_coded
    return [cast(torch.float32), stored] if can_be_wide else [stored]


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{max(size / 1e6, 0.1):.1f} MB"  # noqa: PLR2004
