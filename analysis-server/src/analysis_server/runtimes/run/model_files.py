"""The files of a version of a model, verified each time that a server is started with them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

from analysis_server.runtimes.port import ModelFolder

MODEL_VARIABLE: Final = "SATELLITE_MODEL_DIR"
"""Names the folder for the plugin, as `satellite.plugin.model.serving` reads it."""


class ModelChanged(RuntimeError):
    """The files of a version are not those that were registered."""


def verified_folder(model: ModelFolder) -> Path:
    """Return the folder of a version whose files are those that were registered.

    SHA-256 takes 0.5 ms a mebibyte, which a start bears. What was changed is removed, and so fetched anew.

    Raises:
        ModelChanged: one is missing, or other bytes.
    """
    folder = Path(model.folder)
    for role, sha256 in model.files:
        if _digest_of(folder / role) != sha256:
            shutil.rmtree(folder, ignore_errors=True)
            raise ModelChanged(
                f"{role} of {model.label} was changed on this worker, so nothing is started with it; "
                "the next attempt fetches it anew."
            )
    return folder


def _digest_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
