"""Which models there are, without importing them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from analysis_server.core.model_registry import model_registry
from analysis_server.inference.model_folders import make_model_folders, manifest_of
from analysis_server.inference.settings import InferenceSettings
from analysis_server.models.catalog import find_models
from satellite.schemas.compiled import CompiledSchema


@pytest.mark.parametrize("name", find_models())
def test_each_is_registered_by_its_module_and_answers_as_it_says(name: str) -> None:
    model = find_models()[name]
    importlib.import_module(model.module)
    assert model_registry.get(name).__doc__.splitlines()[0] in model.description  # type: ignore[union-attr]
    signature = model.signature()
    for example in json.loads((model.files / "golden.json").read_bytes()):
        assert CompiledSchema(signature["input_schema"]).is_valid(example["input"])
        assert CompiledSchema(signature["output_schema"]).is_valid(example["output"])


def test_a_new_model_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text(
        "from analysis_server.core.model_registry import model_registry\n"
        "from analysis_server.models.base_model import BaseModel\n"
        '@model_registry.register("double")\n'
        "class Double(BaseModel):\n"
        '    """Doubles\n    numbers.\n\n    And more."""\n'
    )
    model = find_models(tmp_path)["double"]
    assert model.description == "Doubles\nnumbers.\n\nAnd more."
    assert model.summary == "Doubles numbers."
    assert model.signature()["inputs"] == []
    assert model.metrics() == {}


def test_a_version_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    source = '@model_registry.register("m")\nclass M:\n    pass\n'
    (tmp_path / "m.py").write_text(source)
    files = tmp_path / "m_files"
    files.mkdir()
    versions = set()
    for content in ("a", "b"):
        (files / "model.onnx").write_text(content)
        versions.add(find_models(tmp_path)["m"].version())
    assert len(versions) == 2


def test_a_folder_brings_all_that_its_model_imports(tmp_path: Path) -> None:
    manifests = [manifest_of(model, InferenceSettings()) for model in find_models().values()]
    folders = make_model_folders(tmp_path, manifests)
    assert make_model_folders(tmp_path, manifests) == folders
    for manifest in manifests:
        folder = folders / manifest.name
        program = (
            f"import sys; sys.path.insert(0, {str(folder)!r}); "
            "import analysis_server.models.catalog as found; print(found.__file__)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.startswith(str(folder))
