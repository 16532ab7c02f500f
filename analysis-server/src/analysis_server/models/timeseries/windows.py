"""Windows of a series: what the network sees of it, and how what it says is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW: Final = 72
"""Values that the network looks back at: three days of hours."""
HORIZON: Final = 24
"""Values that it forecasts at once."""
SMALLEST_SPREAD: Final = 1e-3


class Window:
    """The end of a series, in units of its own spread around its own last value."""

    def __init__(self, series: Sequence[float] | NDArray[np.float32]) -> None:
        """Take the last values of a series; a shorter one is continued backwards by its first value."""
        values = np.asarray(series, dtype=np.float32)[-WINDOW:]
        values = np.concatenate([np.full(WINDOW - len(values), values[0], np.float32), values])
        self.level: np.float32 = values[-1]
        self.spread = np.float32(max(float(values.std()), SMALLEST_SPREAD))
        self.values: NDArray[np.float32] = (values - self.level) / self.spread

    def forecast(self, said: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network has said of this window, in units of the series."""
        return np.asarray(said * self.spread + self.level, dtype=np.float32)

    def target(self, following: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network should say where these values follow."""
        return np.asarray((following - self.level) / self.spread, dtype=np.float32)
