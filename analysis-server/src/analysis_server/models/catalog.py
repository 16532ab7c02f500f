"""Which models there are: found in their sources, so that nobody needs their libraries to name them."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MODELS: Final = Path(__file__).parent
NOTHING_TOLD: Final = {
    "batch_max": 32,
    "input_schema": {"type": "object", "required": ["data"]},
    "output_schema": {},
    "inputs": [],
    "outputs": [],
}
METRICS_FILE: Final = "metrics.json"
FILES_ENDING: Final = "_files"
SIGNATURE_ENDING: Final = "_signature.json"
REQUIREMENTS_ENDING: Final = "_requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model that is one file of this package, with its signature and the files of its version beside it."""

    name: str
    file: Path
    description: str

    @property
    def summary(self) -> str:
        """Return the first paragraph of its description as one line, of as much as manifests take."""
        return " ".join(self.description.partition("\n\n")[0].split())[:2_000]

    @property
    def module(self) -> str:
        """Return what is imported, so that the model is registered."""
        inside = self.file.relative_to(MODELS).with_suffix("")
        return ".".join((__package__ or "", *inside.parts))

    @property
    def files(self) -> Path:
        """Return the folder of the version that comes with it, which need not be there."""
        return self._beside(FILES_ENDING)

    @property
    def own_paths(self) -> set[Path]:
        """Return what is this model's alone: its file and what stands beside it under its name."""
        beside = (FILES_ENDING, SIGNATURE_ENDING, REQUIREMENTS_ENDING)
        return {self.file, *(self._beside(ending) for ending in beside)}

    @property
    def requirements(self) -> Path:
        """Return what it is served with: a file of its own if there is one, else what most models need."""
        own = self._beside(REQUIREMENTS_ENDING)
        return own if own.is_file() else MODELS / "requirements.txt"

    @property
    def training(self) -> Path:
        """Return the program that trains it, which need not be there."""
        return self.file.with_name("train.py")

    @property
    def training_module(self) -> str:
        """Return what is run to train it."""
        return f"{self.module.rpartition('.')[0]}.train"

    def signature(self) -> dict[str, Any]:
        """Return what it takes and gives: JSON Schemas, and tensors of the Open Inference Protocol.

        A model that says nothing of it takes any request, and gives anything. `batch_max` is how many it is
        handed at once: 1 for one that takes long for each, so that the first need not wait for the last.
        """
        file = self._beside(SIGNATURE_ENDING)
        told = json.loads(file.read_bytes()) if file.is_file() else {}
        return {**NOTHING_TOLD, **told}

    def version(self) -> str:
        """Return what names its version: a digest of its code and of its files."""
        files = sorted(each for each in self.files.rglob("*") if each.is_file())
        digest = hashlib.sha256()
        for file in (self.file, *files):
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()[:12]

    def metrics(self) -> dict[str, float]:
        """Return how good its version is, as its training has measured."""
        file = self.files / METRICS_FILE
        metrics: dict[str, float] = json.loads(file.read_bytes()) if file.is_file() else {}
        return metrics

    def _beside(self, ending: str) -> Path:
        return self.file.with_name(self.file.stem + ending)


def find_models(folder: Path = MODELS) -> dict[str, ModelSource]:
    """Return the models by their names."""
    found = [model for file in sorted(folder.rglob("*.py")) for model in _registered_in(file)]
    return {model.name: model for model in found}


def _registered_in(file: Path) -> Iterator[ModelSource]:
    for node in ast.parse(file.read_bytes()).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            if (name := _registered_name(decorator)) is not None:
                yield ModelSource(name=name, file=file, description=ast.get_docstring(node) or "")


def _registered_name(decorator: ast.expr) -> str | None:
    """Return the name of `@model_registry.register("name")`."""
    match decorator:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="model_registry"), attr="register"),
            args=[ast.Constant(value=str(name))],
        ):
            return name
    return None
