"""The examples in `workflows/`: each is one, and what writes a model writes what ONNX Runtime computes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

from satellite.authoring.workflow_folder import read_workflow
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.workflow import TaskKind
from tests.plugins.folders import REPOSITORY_ROOT, read_manifest

EXAMPLES = sorted(file.parent for file in (REPOSITORY_ROOT / "workflows").glob("*/workflow.yaml"))
TRAINING = REPOSITORY_ROOT / "workflows/training/wine-training"


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_is_a_workflow_and_uses_all_its_files(folder: Path) -> None:
    read = read_workflow(folder)

    assert sorted(read.files.values()) == sorted(folder.glob("*.py"))
    assert {task.name for task in read.definition.tasks if task.kind is TaskKind.PYTHON} == set(read.files)
    assert f"# {folder.name}\n" in (folder / "README.md").read_text()
    assert read.definition.name in (folder / "README.md").read_text()


def test_there_are_three() -> None:
    assert [folder.name for folder in EXAMPLES] == ["data", "training", "two-steps"]


@pytest.fixture
def linear_onnx() -> ModuleType:
    spec = importlib.util.spec_from_file_location("linear_onnx", TRAINING / "linear_onnx.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_model_computes_probabilities(linear_onnx: ModuleType) -> None:
    draw = np.random.default_rng(7)
    weights, bias, rows = draw.normal(size=(13, 3)), draw.normal(size=3), draw.normal(size=(200, 13))
    model = onnxruntime.InferenceSession(linear_onnx.linear_classifier(weights.tolist(), bias.tolist()))

    (told,) = model.run(None, {"x": rows.astype("float32")})
    powers = np.exp(rows @ weights + bias)
    np.testing.assert_allclose(told, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_plugin_is_one_that_trains() -> None:
    manifest = PluginManifest.model_validate(read_manifest(TRAINING))

    assert manifest.name == TRAINING.name
    assert manifest.trains is not None
    assert manifest.trains.model == "wine-cultivar"
