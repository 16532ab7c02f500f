"""What every engine must do, whatever computes in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis_server.models.engines.onnx import OnnxEngine
from analysis_server.models.engines.port import ArrayRefused, Engine, ModelFileUnfit
from analysis_server.models.timeseries.lstm_timeseries import FILES
from analysis_server.models.timeseries.windows import HORIZON, WINDOW

ENGINES = {"onnx": (OnnxEngine, FILES / "model.onnx")}


@pytest.fixture(params=sorted(ENGINES))
def kind(request: pytest.FixtureRequest) -> str:
    """The name of an engine."""
    return str(request.param)


@pytest.fixture
def engine(kind: str) -> Engine:
    """A loaded model that takes a window and gives a forecast."""
    load, file = ENGINES[kind]
    return load(file)


def window(value: float = 0.0, dtype: Any = np.float32) -> Any:
    return np.full((1, WINDOW, 1), value, dtype=dtype)


def test_it_tells_what_it_takes_and_gives(engine: Engine) -> None:
    assert [(each.name, each.dtype, each.shape) for each in engine.inputs] == [
        ("series", "float32", (1, WINDOW, 1))
    ]
    assert [(each.name, each.dtype) for each in engine.outputs] == [("forecast", "float32")]


def test_it_answers_the_same_each_time(engine: Engine) -> None:
    first, second = (engine.run({"series": window(0.5)})["forecast"] for _ in range(2))
    assert first.shape == (1, HORIZON)
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({}, "the model takes series, not $"),
        ({"series": window(), "more": window()}, "the model takes series, not more, series"),
        ({"series": window()[0]}, r"series must have the shape \(1, 72, 1\), not \(72, 1\)"),
        ({"series": window()[:, :5]}, r"not \(1, 5, 1\)"),
        ({"series": window(dtype=np.float64)}, "series must be of float32, not float64"),
        ({"series": window(float("nan"))}, "series holds what is no finite number"),
        ({"series": window(float("inf"))}, "series holds what is no finite number"),
    ],
)
def test_what_does_not_fit_is_refused(engine: Engine, arrays: dict[str, Any], told: str) -> None:
    with pytest.raises(ArrayRefused, match=told):
        engine.run(arrays)


@pytest.mark.parametrize("content", [b"", b"no model", b"half"])
def test_a_broken_file_is_told(kind: str, content: bytes, tmp_path: Path) -> None:
    load, file = ENGINES[kind]
    broken = tmp_path / file.name
    whole = file.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    with pytest.raises(ModelFileUnfit, match=file.name):
        load(broken)


def test_a_missing_file_is_told(kind: str, tmp_path: Path) -> None:
    load, file = ENGINES[kind]
    with pytest.raises(ModelFileUnfit, match=file.name):
        load(tmp_path / file.name)
