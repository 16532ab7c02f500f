"""The network in PyTorch, in which it is trained; it is served as ONNX."""

from __future__ import annotations

from typing import Final

import torch

from analysis_server.models.timeseries.windows import HORIZON

UNITS: Final = 48


class ForecastNetwork(torch.nn.Module):  # type: ignore[misc]
    """One LSTM over a window, and all values that follow from its last state."""

    def __init__(self) -> None:
        """Begin with random weights."""
        super().__init__()
        self.lstm = torch.nn.LSTM(1, UNITS, batch_first=True)
        self.head = torch.nn.Linear(UNITS, HORIZON)

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        """Return forecasts (batch, horizon) for windows (batch, window, 1)."""
        states, _ = self.lstm(series)
        forecast: torch.Tensor = self.head(states[:, -1])
        return forecast
