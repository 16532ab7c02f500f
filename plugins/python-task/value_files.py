"""Values that are too large for the answer of a step: files of its output folder, with the same JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from satellite.plugin import output_dir

FOLDER = "xcoms"
"""Of the output folder, whose files become artifacts of the job; later steps are given them."""
KEY_AS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class ValueFiles:
    """Writes values into files of the output folder that there was when the step began."""

    def __init__(self) -> None:
        self._folder = _output_dir()
        self._numbered = 0

    @property
    def are_kept(self) -> bool:
        """Tell whether there is a folder whose files are kept."""
        return self._folder is not None

    def name_for(self, key: str) -> str:
        """Return the name of the file of a value: its key, or a number where that is no name."""
        if KEY_AS_NAME.fullmatch(key):
            return f"{FOLDER}/{key}.json"
        self._numbered += 1
        return f"{FOLDER}/{self._numbered}.json"

    def write(self, name: str, data: bytes) -> None:
        """Write a file.

        Raises:
            ValueError: the snippet has a file of that name itself.
        """
        path = self._path(name)
        path.parent.mkdir(exist_ok=True)
        try:
            with path.open("xb") as opened:
                opened.write(data)
        except FileExistsError:
            raise ValueError(
                f"{name} in $SATELLITE_OUTPUT_DIR is where it would be kept, and is there already"
            ) from None

    def remove(self, name: str) -> None:
        """Remove the file of a value that another took the place of."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if self._folder is None:
            raise ValueError("no files are kept here")
        return self._folder / name


def _output_dir() -> Path | None:
    try:
        return output_dir()
    except LookupError:
        return None


def read_file(path: str) -> Any:
    """Return the JSON that a file holds which this step was given."""
    return json.loads(Path(path).read_bytes())
