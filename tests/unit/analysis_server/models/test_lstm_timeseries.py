"""`lstm_timeseries`, with the network that comes with it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

import analysis_server.models.timeseries.lstm_timeseries as module
from analysis_server.core.model_registry import model_registry
from satellite.plugin import InputRefused
from satellite.plugin.model.answering import Steps
from satellite.plugin.model.serving import load_model


@pytest.fixture(scope="module")
def steps() -> Steps:
    """The model, loaded and held to its golden examples."""
    return load_model(model_registry.get("lstm_timeseries"))


def forecast(steps: Steps, data: Any, **config: Any) -> Any:
    (answer,) = steps.answer_all([{"data": data, "config": config}])
    return answer


def test_it_has_golden_examples_and_beats_forecasts_without_a_model() -> None:
    assert len(json.loads((module.FILES / "golden.json").read_bytes())) >= 3
    metrics = json.loads((module.FILES / "metrics.json").read_bytes())
    error = metrics["mean_absolute_error"]
    assert error < metrics["mean_absolute_error_last_value"]
    assert error < metrics["mean_absolute_error_last_day"]


def test_eight_values_are_enough(steps: Steps) -> None:
    answer = forecast(steps, [1.2, 2.3, 3.1, 2.8, 3.5, 4.2, 3.9, 4.5], forecast_steps=5)
    assert len(answer["forecast"]) == 5
    assert all(math.isfinite(value) for value in answer["forecast"])


def test_a_day_that_comes_again_is_seen(steps: Steps) -> None:
    days = [60 + 10 * math.sin(2 * math.pi * hour / 24) for hour in range(120)]
    seen, following = days[:96], days[96:]
    answer = forecast(steps, seen)["forecast"]
    off = sum(abs(said - value) for said, value in zip(answer, following, strict=True))
    assert off < sum(abs(seen[-1] - value) for value in following) / 2


def test_a_constant_series_goes_on_as_it_was(steps: Steps) -> None:
    assert forecast(steps, [7, 7, 7])["forecast"] == pytest.approx([7.0] * 24, abs=0.01)


def test_more_than_the_network_says_at_once_is_forecast_from_forecasts(steps: Steps) -> None:
    series = [float(hour % 24) for hour in range(96)]
    few, many = (forecast(steps, series, forecast_steps=count)["forecast"] for count in (24, 60))
    assert len(many) == 60
    assert many[:24] == few


@pytest.mark.parametrize(
    ("data", "config", "told"),
    [
        ([1], {}, "/data must be a list of at least 2"),
        ("series", {}, "/data must be a list"),
        ([1, 2, "x"], {}, "/data/2 must be a finite number"),
        ([1, True], {}, "/data/1 must be a finite number"),
        ([1, float("nan")], {}, "/data/1 must be a finite number"),
        ([1, 2], {"forecast_steps": 0}, "/config/forecast_steps must be a whole number from 1"),
        ([1, 2], {"forecast_steps": 1e9}, "/config/forecast_steps"),
    ],
)
def test_bad_input_names_its_place(steps: Steps, data: Any, config: dict[str, Any], told: str) -> None:
    answer = forecast(steps, data, **config)
    assert isinstance(answer, InputRefused)
    assert told in str(answer)
