"""The folder of a new plugin, which works as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from satellite.contracts.plugin_manifest import NAME_PATTERN
from satellite.errors import SatelliteError

NAME: Final = "PLUGIN-NAME"

MAIN: Final = """\
from __future__ import annotations

from satellite.plugin import InputRefused, plugin, report_progress, run


@plugin
def count(request: dict) -> dict:
    words = request["text"].split()
    if not words:
        raise InputRefused("the text has no words")
    report_progress(0.5, f"counting {len(words)} words")
    return {"words": len(words), "distinct": len(set(words))}


if __name__ == "__main__":
    run(count)
"""
MANIFEST: Final = """\
{
  "name": "PLUGIN-NAME",
  "version": "0.1.0",
  "description": "Counts words.",
  "docker_image": "satellite/PLUGIN-NAME:0.1.0",
  "command": ["python", "main.py"],
  "input_schema": {
    "type": "object",
    "properties": {"text": {"type": "string", "title": "Any text"}},
    "required": ["text"],
    "additionalProperties": false,
    "examples": [{"text": "to be or not to be"}]
  },
  "output_schema": {
    "type": "object",
    "properties": {"words": {"type": "integer"}, "distinct": {"type": "integer"}},
    "required": ["words", "distinct"]
  },
  "resources": {"cpus": 0.5, "memory_mib": 128},
  "timeout_s": 60
}
"""
REQUIREMENTS: Final = (
    "# One package a line, each pinned with ==; the standard library and satellite.plugin are there.\n"
)
DOCKERFILE: Final = """\
FROM python:3.11-slim

WORKDIR /app
COPY shared/src/satellite/__init__.py satellite/__init__.py
COPY shared/src/satellite/plugin/ satellite/plugin/
COPY plugins/PLUGIN-NAME/requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY plugins/PLUGIN-NAME/*.py ./
# The container's file system is read-only, so what Python would cache at run time is made here.
RUN python -m compileall -q .

USER 65534:65534
ENTRYPOINT ["python", "main.py"]
"""
FILES: Final = {
    "main.py": MAIN,
    "plugin.json": MANIFEST,
    "requirements.txt": REQUIREMENTS,
    "Dockerfile": DOCKERFILE,
}


class FolderTaken(SatelliteError):
    """There is something in the folder already."""

    code = "usage"


def make_plugin(folder: Path) -> list[Path]:
    """Make the folder of a plugin that is called as the folder is, and return its files.

    Raises:
        FolderTaken: the folder is not empty, or its name cannot be a plugin's.
        OSError: it cannot be written.
    """
    name = folder.absolute().name
    if not re.match(NAME_PATTERN, name):
        raise FolderTaken(f"{name!r} is no name for a plugin: small letters, digits and dashes, at most 63.")
    if folder.exists() and next(folder.iterdir(), None) is not None:
        raise FolderTaken(f"{folder} is not empty.")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in FILES.items():
        (folder / file).write_text(text.replace(NAME, name))
    return [folder / file for file in FILES]
