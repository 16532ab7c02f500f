"""Golden examples: a model that answers otherwise than it did is not ready."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satellite.plugin.model import BaseModel, GoldenExampleMissed
from satellite.plugin.model.serving import FILES_VARIABLE, load_model


class Doubled(BaseModel):
    """Doubles, after having been loaded."""

    def load(self) -> None:
        self._factor = 2

    def predict(self, data: Any) -> Any:
        return {"values": [number * self._factor for number in data], "name": "doubled"}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the version that is loaded."""
    monkeypatch.setenv(FILES_VARIABLE, str(tmp_path))
    return tmp_path


def keep(files: Path, output: Any) -> None:
    (files / "golden.json").write_text(json.dumps([{"input": {"data": [1.5]}, "output": output}]))


@pytest.mark.parametrize("value", [3, 3.0, 3.00001, 2.99999])
def test_numbers_may_be_off_by_a_little(files: Path, value: float) -> None:
    keep(files, {"values": [value], "name": "doubled"})
    assert load_model(Doubled).model.files == files


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ({"values": [3.1], "name": "doubled"}, "/values/0 should be 3.1 and is 3.0"),
        ({"values": [3.0, 3.0], "name": "doubled"}, "/values should be"),
        ({"values": [3.0]}, "it should be"),
        ({"values": [3.0], "name": "tripled"}, "/name should be 'tripled'"),
        ({"values": [float("nan")], "name": "doubled"}, "/values/0"),
    ],
)
def test_another_answer_is_not_ready(files: Path, output: Any, told: str) -> None:
    keep(files, output)
    with pytest.raises(GoldenExampleMissed, match=told):
        load_model(Doubled)


def test_a_model_that_refuses_its_example_is_not_ready(files: Path) -> None:
    (files / "golden.json").write_text(json.dumps([{"input": {}, "output": {}}]))
    with pytest.raises(GoldenExampleMissed, match="InputRefused"):
        load_model(Doubled)


def test_a_model_without_examples_is_taken_at_its_word(files: Path) -> None:
    assert load_model(Doubled).answer_all([{"data": [1]}]) == [{"values": [2], "name": "doubled"}]
