"""Trains `lstm_timeseries`: `python -m analysis_server.models.timeseries.train --output FOLDER`.

Writes `model.onnx`, `golden.json` and `metrics.json` there. Without arguments it is a plugin.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from analysis_server.models.timeseries.lstm_timeseries import LSTMTimeseries
from analysis_server.models.timeseries.network import ForecastNetwork
from analysis_server.models.timeseries.weather import (
    HELD_OUT,
    HELD_OUT_FROM_MONTH,
    TRAINED_ON,
    read_temperatures,
)
from analysis_server.models.timeseries.windows import HORIZON, WINDOW, Window
from analysis_server.models.training.arguments import TrainingArguments
from analysis_server.models.training.export import write_version
from analysis_server.models.training.running import run_training
from analysis_server.models.training.steps import train

SPAN = WINDOW + HORIZON
SEASON = 24
GOLDEN_EVERY = 700
"""Values of the held-out series between two golden examples."""


def make(wanted: TrainingArguments) -> dict[str, float]:
    """Train, measure, and write a version; return its metrics."""
    torch.manual_seed(13)
    network = ForecastNetwork()
    series = [read_temperatures(station) for station in TRAINED_ON]
    draw = np.random.default_rng(13)
    train(
        network,
        lambda: sample(series, wanted.batch_size, draw),
        loss=torch.nn.functional.l1_loss,
        steps=wanted.steps,
        learning_rate=3e-3,
        checkpoint=wanted.checkpoint,
    )
    held_out = read_temperatures(HELD_OUT, from_month=HELD_OUT_FROM_MONTH)
    return write_version(
        wanted.output,
        network,
        example=torch.zeros(1, WINDOW, 1),
        # An exported LSTM has the batch size that it was exported with.
        inputs={"series": {}},
        outputs={"forecast": {}},
        model=LSTMTimeseries,
        golden=[
            {"data": held_out[start : start + WINDOW].tolist(), "config": {"forecast_steps": HORIZON}}
            for start in range(0, len(held_out) - SPAN, GOLDEN_EVERY)
        ],
        measure=lambda model: measure(model, held_out),
    )


def sample(
    series: list[NDArray[np.float32]], count: int, draw: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random windows and what follows them, as the network wants both."""
    windows, targets = [], []
    for _ in range(count):
        values = series[draw.integers(len(series))]
        start = int(draw.integers(len(values) - SPAN))
        window = Window(values[start : start + WINDOW])
        windows.append(window.values)
        targets.append(window.target(values[start + WINDOW : start + SPAN]))
    return torch.from_numpy(np.stack(windows)[..., None]), torch.from_numpy(np.stack(targets))


def measure(model: LSTMTimeseries, series: NDArray[np.float32]) -> dict[str, float]:
    """Return the mean absolute error over the next day, and those of two forecasts without any model."""
    errors = []
    for start in range(0, len(series) - SPAN, 7):
        seen, following = series[start : start + WINDOW], series[start + WINDOW : start + SPAN]
        forecasts = (model.predict((seen.tolist(), HORIZON)), seen[-1], seen[-SEASON:])
        errors.append([float(np.abs(following - forecast).mean()) for forecast in forecasts])
    names = ("mean_absolute_error", "mean_absolute_error_last_value", "mean_absolute_error_last_day")
    return dict(zip(names, np.mean(errors, axis=0).round(3).tolist(), strict=True))


if __name__ == "__main__":
    run_training(make, __doc__, steps=1500, batch_size=64)
