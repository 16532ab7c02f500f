"""Versions of models on this machine: each in a folder of its own, named by its digest, for all workers here.

What is there is whole: it was fetched beside, verified, and renamed into place. Nobody changes it after that,
and whoever did is found out when a server is started (`runtimes/run/model_files.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from analysis_server.execution.files.file_server import FileServer
from analysis_server.execution.files.input_fetcher import NO_SERVER
from analysis_server.execution.files.transfers import IsStopped, TransferFailed, TransferStopped
from analysis_server.runtimes.port import ModelFolder
from satellite.contracts.identity import AttemptKey
from satellite.contracts.model_version import GrantedModel

KEPT: Final = 32
"""So many versions stay that no job has asked of late."""
KEPT_S: Final = 3_600
"""What was asked since then stays in any case: a server may be starting with it."""
LOOK_AGAIN_S: Final = 0.05

logger = structlog.get_logger(__name__)


class ModelStore:
    """Fetches versions once; safe to use from many threads and processes."""

    def __init__(self, server: FileServer | None, folder: Path) -> None:
        """Take the operation server, if it is known, and where versions are kept."""
        self._server = server
        self._folder = folder

    def get(self, key: AttemptKey, model: GrantedModel, *, is_stopped: IsStopped) -> ModelFolder:
        """Return where a version is, fetched for the attempt if it is not there yet.

        Raises:
            TransferDamaged: other bytes came than were registered, and would again.
            TransferFailed: it cannot be fetched now.
            TransferStopped: the attempt was stopped.
        """
        place = self._folder / model.digest
        while not self._note_use(place):
            self._fetch(key, model, place, is_stopped)
        return ModelFolder(
            name=model.name,
            version=model.version,
            digest=model.digest,
            folder=str(place),
            files=tuple((file.name, file.sha256) for file in model.files),
            output_schema_json=model.output_schema_json,
        )

    def _note_use(self, place: Path) -> bool:
        """Tell whether a version is here, which counts as a use."""
        try:
            os.utime(place)
        except FileNotFoundError:
            return False
        return True

    def _fetch(self, key: AttemptKey, model: GrantedModel, place: Path, is_stopped: IsStopped) -> None:
        if self._server is None:
            raise TransferFailed(NO_SERVER)
        self._folder.mkdir(parents=True, exist_ok=True)
        # Whatever the mask of this process is: plugins are somebody else.
        self._folder.chmod(0o755)
        with _locked(place.with_suffix(".lock"), is_stopped):
            if place.is_dir():
                return
            making = Path(tempfile.mkdtemp(prefix=f"{model.digest}.making-", dir=self._folder))
            try:
                for file in model.files:
                    self._server.fetch(key, file, making / file.name, is_stopped=is_stopped)
                    (making / file.name).chmod(0o444)
                making.chmod(0o755)
                making.rename(place)
            except BaseException:
                shutil.rmtree(making, ignore_errors=True)
                raise
        logger.info("model fetched", model=f"{model.name}@{model.version}", digest=model.digest)
        self._remove_old()

    def _remove_old(self) -> None:
        """Remove what was not asked of late, and what a worker that died has left half-made."""
        by_use = sorted(self._folders(), reverse=True)
        for place, (used_at, folder) in enumerate(by_use):
            is_half_made = ".making-" in folder.name
            if (is_half_made or place >= KEPT) and time.time() - used_at > KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> Iterator[tuple[float, Path]]:
        """Yield the folders that are here, each with the time of its last use."""
        for folder in list(self._folder.iterdir()):
            # Others, who share the place, rename and remove.
            with contextlib.suppress(FileNotFoundError):
                if folder.is_dir():
                    yield folder.stat().st_mtime, folder


@contextlib.contextmanager
def _locked(path: Path, is_stopped: IsStopped) -> Iterator[None]:
    """Have a lock for the length of the block; whoever waits for it can be stopped."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if is_stopped():
                    raise TransferStopped from None
                time.sleep(LOOK_AGAIN_S)
        yield
