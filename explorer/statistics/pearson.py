"""Pearson's correlation."""

import numpy as np
import numpy.typing as npt


def pearson(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float | None:
    """Of two series of one length; None where one of them is the same everywhere."""
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else None
