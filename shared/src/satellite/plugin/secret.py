"""The secrets that the manifest asks for."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "SATELLITE_SECRETS_DIR"


def secret(name: str) -> str:
    """Return a secret that the manifest names, however it is given: as a file, or as a variable.

    Call it in your function. In `setup` it works for servers; a spare on standby has no secrets before its
    job comes.

    Raises:
        LookupError: the manifest does not name it.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder and (Path(folder) / name).is_file():
        # As it was stored: the other newlines are not exchanged.
        return (Path(folder) / name).read_bytes().decode()
    if name in os.environ:
        return os.environ[name]
    raise LookupError(f"there is no secret {name}: name it under `secrets` in plugin.json")
