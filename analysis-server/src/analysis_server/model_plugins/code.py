"""The code of models, as the folder of a plugin brings it: nothing of it imports this server."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import analysis_server
from analysis_server.models.catalog import ModelSource

PACKAGE: Final = Path(analysis_server.__file__).parent
PARTS: Final = ("models", "core")


def plugin_name(model: ModelSource) -> str:
    """Return the name of a model's plugin; names of hosts, which it becomes, have no underscores."""
    return model.name.replace("_", "-")


def training_code() -> set[Path]:
    """Return what is needed for trainings alone."""
    models = PACKAGE / "models"
    return {models / "training", *models.rglob("train.py"), *models.rglob("train_requirements.txt")}


def copy_code(folder: Path, *, without: AbstractSet[Path] = frozenset()) -> None:
    """Copy the code of models, and the files beside it, into a folder, but for some paths."""

    def leave_out(parent: str, names: list[str]) -> Iterable[str]:
        return {name for name in names if name == "__pycache__" or Path(parent) / name in without}

    for part in PARTS:
        shutil.copytree(PACKAGE / part, folder / PACKAGE.name / part, ignore=leave_out)
    (folder / PACKAGE.name / "__init__.py").touch()
