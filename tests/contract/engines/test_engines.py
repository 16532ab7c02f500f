"""What every engine must do, whatever computes in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from analysis_server.models.engines.onnx import OnnxEngine
from analysis_server.models.engines.port import ArrayRefused, ArraySpec, Engine, ModelFileUnfit
from analysis_server.models.timeseries.lstm_timeseries import FILES
from analysis_server.models.timeseries.windows import HORIZON, WINDOW


class Adapter(NamedTuple):
    """How an engine loads a file, and one with a model that takes a window and gives a forecast."""

    load: Callable[[Path], Engine]
    file: Path


def onnx(folder: Path) -> Adapter:
    del folder
    return Adapter(OnnxEngine, FILES / "model.onnx")


def torch(folder: Path) -> Adapter:
    for package in ("torch", "safetensors"):
        pytest.importorskip(package, reason=f"models of PyTorch bring it themselves, {package} is not here")
    from analysis_server.models.engines.torch import TorchEngine, save_network
    from analysis_server.models.timeseries.network import ForecastNetwork

    inputs = [ArraySpec(name="series", dtype="float32", shape=(1, WINDOW, 1))]
    outputs = [ArraySpec(name="forecast", dtype="float32", shape=(1, HORIZON))]
    save_network(ForecastNetwork(), folder / "model.safetensors", inputs=inputs, outputs=outputs)
    return Adapter(lambda file: TorchEngine(file, ForecastNetwork()), folder / "model.safetensors")


@pytest.fixture(params=[onnx, torch], ids=["onnx", "torch"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Adapter:
    """An engine where its library is installed."""
    made: Adapter = request.param(tmp_path)
    return made


@pytest.fixture
def engine(adapter: Adapter) -> Engine:
    """A loaded model."""
    return adapter.load(adapter.file)


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
def test_a_broken_file_is_told(adapter: Adapter, content: bytes, tmp_path: Path) -> None:
    broken = tmp_path / f"broken-{adapter.file.name}"
    whole = adapter.file.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    with pytest.raises(ModelFileUnfit, match=broken.name):
        adapter.load(broken)


def test_a_missing_file_is_told(adapter: Adapter, tmp_path: Path) -> None:
    with pytest.raises(ModelFileUnfit, match=adapter.file.name):
        adapter.load(tmp_path / "none" / adapter.file.name)


def test_the_weights_of_another_network_are_told(tmp_path: Path) -> None:
    adapter = torch(tmp_path)
    from safetensors.torch import save_file

    from analysis_server.models.engines.torch import INPUTS, OUTPUTS

    other = tmp_path / "other.safetensors"
    for metadata, told in (({INPUTS: "[]", OUTPUTS: "[]"}, "Missing key"), (None, "inputs")):
        save_file({}, str(other), metadata=metadata)
        with pytest.raises(ModelFileUnfit, match=f"(?s)other.safetensors: .*{told}"):
            adapter.load(other)
