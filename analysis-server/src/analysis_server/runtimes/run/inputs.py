"""Files for a run: moved to where its plugin finds them, and named in its input."""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Final

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.plugin_input import InputTooLong
from satellite.contracts.file_reference import with_value
from satellite.contracts.json_text import parse_json, write_json

INPUTS: Final = "inputs"
"""Of a run's folder: the files that its input names."""
CONTENT_MIB_MAX: Final = 16
"""Of the files of one input that a server is given: they lie in memory, some times over on their way."""


def make_inputs_folder(folder: Path) -> Path:
    """Make the place of input files in the folder of a run; the plugin only reads there."""
    place = folder / INPUTS
    place.mkdir(mode=0o755)
    # Whatever the mask of this process is: the plugin is somebody else.
    place.chmod(0o755)
    return place


def move_inputs(request: RunRequest, place: Path) -> None:
    """Move the files of a request, if it has any, to where its run finds them."""
    if request.inputs is None:
        return
    for name in os.listdir(request.inputs.folder):  # noqa: PTH208 - names are what is needed.
        shutil.move(Path(request.inputs.folder) / name, place / name)


def with_paths(request: RunRequest, place: PurePath) -> RunRequest:
    """Return a request whose input names its files by the paths that they have for the plugin."""
    if request.inputs is None:
        return request
    value = parse_json(request.input_json, bytes_max=None)
    for file in request.inputs.places:
        for pointer in file.pointers:
            value = with_value(value, pointer, str(place / file.path))
    return replace(request, input_json=write_json(value, bytes_max=None).encode())


def with_contents(request: RunRequest) -> RunRequest:
    """Return a request whose input has its files themselves, in base64, as servers are given them.

    Raises:
        InputTooLong: all together, each as often as the input names it, are more than `CONTENT_MIB_MAX`.
    """
    if request.inputs is None:
        return request
    folder = Path(request.inputs.folder)
    size_bytes = sum(
        (folder / file.path).stat().st_size * len(file.pointers) for file in request.inputs.places
    )
    if size_bytes > CONTENT_MIB_MAX * 1024**2:
        raise InputTooLong(
            f"The files of the input have {size_bytes / 1024**2:.1f} MiB; a server is given at most "
            f"{CONTENT_MIB_MAX}. Send smaller ones, or split the job."
        )
    value = parse_json(request.input_json, bytes_max=None)
    for file in request.inputs.places:
        content = base64.b64encode((folder / file.path).read_bytes()).decode()
        for pointer in file.pointers:
            value = with_value(value, pointer, content)
    return replace(request, input_json=write_json(value, bytes_max=None).encode(), inputs=None)
