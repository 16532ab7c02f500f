"""The example of the tutorial, run as a plugin by the SDK and nothing else of ours."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.plugins.environment import PluginEnvironment, copy_sdk
from tests.plugins.folders import REPOSITORY_ROOT

FIVEFOLD = {"data": [1], "config": {"factor": 5}}


@pytest.fixture
def plugin(tmp_path: Path) -> PluginEnvironment:
    """A plugin whose program is the model of `plugins/README.md`."""
    tutorial = (REPOSITORY_ROOT / "plugins/README.md").read_text()
    (program,) = re.findall(r"```python\n(from satellite\.plugin\.model .*?)```", tutorial, re.DOTALL)
    (tmp_path / "main.py").write_text(program)
    return PluginEnvironment(folder=tmp_path, python=Path(sys.executable), sdk=copy_sdk(tmp_path / "sdk"))


def test_a_model_answers_as_a_server(plugin: PluginEnvironment) -> None:
    ready, *answers = plugin.serve(
        {"id": 1, "input": {"data": [1, 2]}},
        {
            "batch": [
                {"id": 2, "input": {"data": ["x"]}},
                {"id": 3, "input": {"data": [1], "config": {"factor": 5}}},
            ]
        },
    )
    assert ready["ready"] is True
    assert answers[0] == {"id": 1, "result": {"predictions": [2.0, 4.0]}}
    assert answers[1]["error"]["kind"] == "input"
    assert answers[2] == {"id": 3, "result": {"predictions": [5.0]}}


def test_a_model_that_misses_its_golden_example_never_becomes_ready(plugin: PluginEnvironment) -> None:
    (plugin.folder / "golden.json").write_text('[{"input": {"data": [1]}, "output": {"predictions": [3.0]}}]')
    done = plugin.run(SATELLITE_PLUGIN_MODE="server", SATELLITE_MODEL_DIR=str(plugin.folder))
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"golden example 1 of 1: /predictions/0 should be 3.0 and is 2.0" in done.stderr
