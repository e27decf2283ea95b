"""Random numbers that are the same on every machine: a counter-based generator, Philox (Salmon et al., 2011)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def raw_numbers(count: int, seed: int, stream: int, place: int) -> npt.NDArray[np.uint64]:
    """Random 64-bit numbers [count], keyed by the seed, counted from a stream's place."""
    raw: npt.NDArray[np.uint64] = np.random.Philox(key=seed, counter=[0, 0, stream, place]).random_raw(count)
    return raw


def uniform(count: int, seed: int, stream: int, place: int) -> npt.NDArray[np.float64]:
    """Numbers [count] within (0, 1), never at an end, of 53 bits each."""
    return (raw_numbers(count, seed, stream, place) >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
