"""The folder that a container shares with its worker, and nothing else of the host: files come and go by it.

It is bound, so what the worker puts there later is there too: a container on standby gets the files of a job
with the job. What the plugin writes is there when the container is gone, and when its worker is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

from docker.errors import APIError

from analysis_server.runtimes.owned_folder import OwnedFolder, remove_tree
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.checkpoints import CHECKPOINTS, checkpoints_in, written_in
from analysis_server.runtimes.run.inputs import INPUTS, make_inputs_folder, move_inputs
from analysis_server.runtimes.run.output_entries import CHECKPOINT_VARIABLE, OUTPUT_VARIABLE
from analysis_server.runtimes.run.outputs import OUTPUTS, make_outputs_folder

HOME: Final = PurePosixPath("/satellite")
"""Where a container has its parts."""
INPUTS_HOME: Final = HOME / INPUTS
OUTPUTS_HOME: Final = HOME / OUTPUTS
CHECKPOINTS_HOME: Final = HOME / CHECKPOINTS
_UNSEEN: Final = re.compile(r"bind source path does not exist|statfs .*: no such file or directory")


class FolderUnseen(RuntimeError):
    """The engine does not find what is bound."""

    def __str__(self) -> str:
        """Say what to do."""
        return (
            "The container engine does not find the worker's folder of files. Give the worker a folder of "
            "the engine's machine under the same path there and here, by SATELLITE_WORKER_FILES_DIR."
        )


@dataclass(frozen=True, slots=True)
class ContainerFolder:
    """A folder of the worker's machine, which its engine has to find under the same path."""

    path: Path

    @classmethod
    def make(cls, owned: OwnedFolder, *, keeps_checkpoints: bool) -> Self:
        """Make one with nothing in it."""
        folder = owned.make()
        make_inputs_folder(folder)
        make_outputs_folder(folder, user=None)
        if keeps_checkpoints:
            make_outputs_folder(folder, user=None, name=CHECKPOINTS)
        return cls(folder)

    @property
    def outputs(self) -> Path:
        """Return where the plugin writes for its job."""
        return self.path / OUTPUTS

    @property
    def checkpoints(self) -> Path | None:
        """Return where the plugin writes for a later attempt, if it does."""
        return checkpoints_in(self.path)

    @property
    def written(self) -> list[Path]:
        """Return all places where the plugin writes."""
        return written_in(self.path)

    def variables(self) -> dict[str, str]:
        """Return by what names the plugin knows them."""
        found = {OUTPUT_VARIABLE: str(OUTPUTS_HOME)}
        if self.checkpoints is not None:
            found[CHECKPOINT_VARIABLE] = str(CHECKPOINTS_HOME)
        return found

    def mounts(self) -> list[dict[str, Any]]:
        """Return how an engine binds it."""
        return [
            self._bound(INPUTS, INPUTS_HOME, is_read_only=True),
            *(self._bound(each.name, HOME / each.name, is_read_only=False) for each in self.written),
        ]

    def remove(self) -> None:
        """Remove it with all that is in it."""
        remove_tree(self.path)

    def _bound(self, name: str, target: PurePosixPath, *, is_read_only: bool) -> dict[str, Any]:
        return {
            "Type": "bind",
            "Source": str(self.path / name),
            "Target": str(target),
            "ReadOnly": is_read_only,
            "BindOptions": {"Propagation": "rprivate"},
        }


def take_inputs(request: RunRequest, folder: ContainerFolder | None) -> None:
    """Take the files of a job, if it has any, into the folder of its container.

    Raises:
        FolderUnseen: it has none.
    """
    if request.inputs is None:
        return
    if folder is None:
        raise FolderUnseen
    move_inputs(request, folder.path / INPUTS)


def is_unseen(error: BaseException, folder: Path) -> bool:
    """Tell whether an engine refused a container because it does not find a folder of ours."""
    # Docker's words, and Podman's.
    explanation = str(error.explanation) if isinstance(error, APIError) else ""
    return str(folder) in explanation and bool(_UNSEEN.search(explanation))
