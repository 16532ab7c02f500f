"""Which manifests train a model, and that nothing changes for those that do not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from satellite.contracts.model_version import is_version_file
from satellite.testing import manifest_of


def test_a_name_alone_means_the_plugin_that_loads_any_file_of_onnx() -> None:
    plain, short = manifest_of(), manifest_of(trains="doubler")
    assert "trains" not in plain.model_dump()
    assert short.model_dump()["trains"] == {"model": "doubler", "plugin": "onnx-model"}
    assert short.digest() == manifest_of(trains={"model": "doubler"}).digest() != plain.digest()
    assert manifest_of(trains=None).digest() == plain.digest()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mode": "server", "trains": "doubler"}, "trains needs mode 'oneshot'"),
        ({"trains": "No Name"}, "trains.model"),
        ({"trains": {"model": "doubler", "plugins": "x"}}, "trains.plugins"),
        ({"trains": 7}, "trains"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        manifest_of(**changes)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("model.onnx", True),
        ("weights.safetensors", True),
        ("golden.json", True),
        ("metrics.json", False),
        ("signature.json", False),
        ("result.json", False),
        ("charts/golden.json", False),
        ("model.pt", False),
        ("Model.ONNX", False),
    ],
)
def test_which_files_are_those_of_a_version(name: str, is_one: bool) -> None:
    assert is_version_file(name) is is_one
