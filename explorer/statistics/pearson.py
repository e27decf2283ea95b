"""Pearson's correlation."""

import numpy as np
import numpy.typing as npt

ROUNDED = 1e-12
"""A series that varies by less than this share of itself is the same everywhere, but for rounding."""


def pearson(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float | None:
    """Of two series of one length; None where one of them is the same everywhere."""
    if any(np.ptp(each) <= ROUNDED * np.abs(each).max(initial=0) for each in (x, y)):
        return None
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else None
