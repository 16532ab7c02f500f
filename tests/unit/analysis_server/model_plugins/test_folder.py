"""Plugins made of models: what is in them, and when they are another version."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis_server.model_plugins import code
from analysis_server.model_plugins.__main__ import told
from analysis_server.model_plugins.folder import make_plugin_folder, make_training_folder, registry_signature
from analysis_server.models import catalog
from analysis_server.models.catalog import find_models
from satellite.contracts.plugin_manifest import PluginManifest
from tests.plugins.environment import PluginEnvironment, copy_sdk

DOUBLE = '''
from analysis_server.core.model_registry import model_registry
from analysis_server.models.base_model import BaseModel

@model_registry.register("double")
class Double(BaseModel):
    """Doubles."""

    def predict(self, data):
        return [2 * number for number in data]
'''
Write = Callable[[str, str], int]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write files beside models that are a copy of those that come with Satellite."""
    code.copy_code(tmp_path / "server")
    package = tmp_path / "server/analysis_server"
    monkeypatch.setattr(code, "PACKAGE", package)
    monkeypatch.setattr(catalog, "MODELS", package / "models")
    monkeypatch.setattr(find_models, "__defaults__", (package / "models",))
    return lambda name, text: (package / "models" / name).write_text(text)


def version_of(name: str, under: Path) -> str:
    manifest = json.loads((make_plugin_folder(find_models()[name], under) / "plugin.json").read_text())
    version: str = PluginManifest.model_validate(manifest).version
    return version


def test_a_model_of_one_file_is_a_plugin_that_answers(write: Write, tmp_path: Path) -> None:
    write("double.py", DOUBLE)
    made: dict[str, Any] = told(find_models()["double"], tmp_path / "plugins")
    folder = Path(made["plugin_folder"])

    assert made["signature"] == {"input": {}, "config": None, "output": {}}
    assert {role: Path(file).read_text() for role, file in made["files"].items()} == {"golden.json": "[]\n"}
    plugin = PluginEnvironment(folder=folder, python=Path(sys.executable), sdk=copy_sdk(tmp_path / "sdk"))
    python, *arguments = json.loads((folder / "plugin.json").read_text())["command"]
    request = b'{"id": 1, "input": {"data": [1, 2]}}\n'
    done = plugin.call(*arguments, stdin=request, SATELLITE_PLUGIN_MODE="server")
    assert python == "python"
    assert json.loads(done.stdout.splitlines()[1]) == {"id": 1, "result": [2, 4]}


def test_only_what_a_model_needs_changes_its_version(write: Write, tmp_path: Path) -> None:
    write("double.py", DOUBLE)
    first = version_of("lstm_timeseries", tmp_path / "plugins")
    double = version_of("double", tmp_path / "plugins")
    made_at = (tmp_path / "plugins/lstm-timeseries").stat().st_ino

    write("double.py", DOUBLE + "# Changed.\n")
    write("double_requirements.txt", "numpy==2.4.6\n")
    assert version_of("lstm_timeseries", tmp_path / "plugins") == first
    assert (tmp_path / "plugins/lstm-timeseries").stat().st_ino == made_at
    assert version_of("double", tmp_path / "plugins") != double
    assert (tmp_path / "plugins/double/requirements.txt").read_text() == "numpy==2.4.6\n"
    write("onnx_model.py", "# What models share.\n")
    assert version_of("lstm_timeseries", tmp_path / "plugins") != first
    assert sorted(path.name for path in (tmp_path / "plugins").iterdir()) == ["double", "lstm-timeseries"]


@pytest.mark.parametrize("name", find_models())
def test_a_training_makes_versions_for_the_plugin_that_loads_them(name: str, tmp_path: Path) -> None:
    model = find_models()[name]
    folder = make_training_folder(model, tmp_path)
    manifest = PluginManifest.model_validate(json.loads((folder / "plugin.json").read_text()))

    assert manifest.trains is not None
    loader = make_plugin_folder(model, tmp_path).name
    assert (manifest.name, manifest.trains.model, manifest.trains.plugin) == (
        f"{loader}-training",
        name,
        loader,
    )
    assert "torch==" in (folder / "requirements.txt").read_text()
    assert "torch==" not in (tmp_path / loader / "requirements.txt").read_text()
    [program] = folder.rglob("train.py")
    assert manifest.command == ["python", "-m", ".".join(program.relative_to(folder).with_suffix("").parts)]


@pytest.mark.parametrize("name", find_models())
def test_weights_are_those_of_a_version_and_not_of_the_plugin(name: str, tmp_path: Path) -> None:
    folder = make_plugin_folder(find_models()[name], tmp_path)
    assert not [path for path in folder.rglob("*") if path.suffix == ".onnx" or path.name == "train.py"]
    manifest = PluginManifest.model_validate(json.loads((folder / "plugin.json").read_text()))
    assert manifest.docker_image == f"satellite/{manifest.name}:{manifest.version}"
    signature = registry_signature(find_models()[name])
    assert signature["input"] == manifest.input_schema["properties"]["data"]
