"""`lstm_timeseries`: how a series of numbers goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis_server.core.model_registry import model_registry
from analysis_server.models.onnx_model import OnnxModel
from analysis_server.models.timeseries.windows import HORIZON, Window

FILES: Final = Path(__file__).with_name("lstm_timeseries_files")
STEPS_MAX: Final = 10 * HORIZON
FEWEST_VALUES: Final = 2


@model_registry.register("lstm_timeseries")
class LSTMTimeseries(OnnxModel):
    """Forecasts a series of at least two numbers, such as hourly measurements.

    `config` may say `forecast_steps`, 24 where it does not. What lies beyond the next 24 values is forecast
    from forecasts, and so less and less certain.
    """

    FILES = FILES

    def preprocess(self, data: Any, config: dict[str, Any]) -> tuple[list[float], int]:
        """Return the series and how many values are wanted; a ValueError says what is wrong with them."""
        if not isinstance(data, list) or len(data) < FEWEST_VALUES:
            raise ValueError(f"/data must be a list of at least {FEWEST_VALUES} numbers")
        for place, value in enumerate(data):
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
                raise ValueError(f"/data/{place} must be a finite number")
        steps = config.get("forecast_steps", HORIZON)
        if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= STEPS_MAX:
            raise ValueError(f"/config/forecast_steps must be a whole number from 1 to {STEPS_MAX}")
        return [float(value) for value in data], steps

    def predict(self, data: tuple[list[float], int]) -> list[float]:
        """Return the values that follow."""
        series, steps = data
        forecast: list[float] = []
        while len(forecast) < steps:
            forecast += [float(value) for value in self._next([*series, *forecast])]
        return forecast[:steps]

    def postprocess(self, predictions: list[float]) -> dict[str, Any]:
        """Return the answer."""
        return {"forecast": [round(value, 4) for value in predictions]}

    def _next(self, series: list[float]) -> NDArray[np.float32]:
        window = Window(series)
        said = self.engine.run({"series": window.values.reshape(1, -1, 1)})
        return window.forecast(said["forecast"][0])
