"""What a run has written for its job, brought to the operation server once the run has ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from analysis_server.execution.files.file_server import FileServer
from analysis_server.execution.files.transfers import IsStopped, TransferFailed, TransferRefused
from analysis_server.runtimes.owned_folder import OwnedFolder, remove_tree
from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError

NOT_STORED: Final = (
    "The plugin wrote files for its job, but this installation stores none: the dispatcher has no "
    "SATELLITE_FILES_STORAGE_URL."
)


class ArtifactSender:
    """Brings files from folders of this worker, into which runtimes have moved them."""

    def __init__(self, server: FileServer | None, folder: OwnedFolder) -> None:
        """Take the operation server, if it is known, and where files lie until they are stored."""
        self._server = server
        self._folder = folder

    @contextlib.contextmanager
    def collecting(self) -> Iterator[str | None]:
        """Have a folder for what a run writes, for the length of the block; None where none may."""
        if self._server is None:
            yield None
            return
        folder = self._folder.make()
        try:
            yield str(folder)
        finally:
            remove_tree(folder)

    def send(
        self, key: AttemptKey, grant: str | None, result: RunResult, *, is_stopped: IsStopped
    ) -> RunResult:
        """Return the result of a run with its files stored, or why they cannot be.

        Raises:
            TransferStopped: the attempt was stopped.
        """
        if not result.outputs:
            return result
        if grant is None or self._server is None:
            return _failed(result, ErrorKind.OUTPUT, NOT_STORED)
        began_s = time.perf_counter()
        try:
            artifacts = [
                self._server.put_artifact(
                    key, output.name, Path(output.path), grant=grant, is_stopped=is_stopped
                )
                for output in result.outputs
            ]
        except TransferRefused as error:
            return _failed(result, ErrorKind.OUTPUT, str(error))
        except TransferFailed as error:
            return _failed(result, ErrorKind.INTERNAL, str(error))
        sent_ms = (time.perf_counter() - began_s) * 1000
        return replace(result, outputs=(), artifacts=tuple(artifacts), sent_ms=sent_ms)


def _failed(result: RunResult, kind: ErrorKind, message: str) -> RunResult:
    error = JobError(kind=kind, message=message)
    return replace(
        result, status=RunStatus.FAILED, result_json=None, result_preview=None, outputs=(), error=error
    )
