"""Input files of attempts, fetched before anything else is taken for these."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from analysis_server.execution.files.file_server import FileServer
from analysis_server.execution.files.transfers import IsStopped, TransferFailed
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.port import FetchedInputs, InputPlace
from satellite.contracts.attempt_files import GrantedFile
from satellite.contracts.identity import AttemptKey

NO_SERVER: Final = "This worker cannot fetch files: it has no SATELLITE_WORKER_API_URL."
MOST_NAME_BYTES: Final = 255
"""What file systems take."""


class InputFetcher:
    """Fetches files into folders of this worker, where runtimes take them from."""

    def __init__(self, server: FileServer | None, folder: OwnedFolder) -> None:
        """Take the operation server, if it is known, and where files lie until a run takes them."""
        self._server = server
        self._folder = folder

    @contextlib.contextmanager
    def fetched(
        self, key: AttemptKey, files: Sequence[GrantedFile], *, is_stopped: IsStopped
    ) -> Iterator[FetchedInputs | None]:
        """Have the files of an attempt here for the length of the block; None where it has none.

        Raises:
            TransferFailed: they cannot be fetched, and another attempt may have better luck.
            TransferStopped: the attempt was stopped.
        """
        if not files:
            yield None
            return
        if self._server is None:
            raise TransferFailed(NO_SERVER)
        folder = self._folder.make()
        try:
            yield self._fetch(self._server, folder, key, files, is_stopped)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _fetch(
        server: FileServer, folder: Path, key: AttemptKey, files: Sequence[GrantedFile], is_stopped: IsStopped
    ) -> FetchedInputs:
        places = []
        for number, file in enumerate(files):
            # Each in a folder of its own: their names are their owners', and may be the same.
            own = folder / str(number)
            own.mkdir(mode=0o755)
            place = own / file_name(file.name)
            server.fetch(key, file, place, is_stopped=is_stopped)
            place.chmod(0o444)
            places.append(InputPlace(str(place.relative_to(folder)), tuple(file.pointers)))
        return FetchedInputs(folder=str(folder), places=tuple(places))


def file_name(name: str) -> str:
    """Return the name that a file has in a run: its own, as far as it is one on a disk."""
    name = name.replace("/", "_").replace("\0", "_")
    if name in {"", ".", ".."}:
        return "file"
    encoded = name.encode(errors="replace")
    if len(encoded) <= MOST_NAME_BYTES:
        return encoded.decode()
    # The end tells programs what it is.
    return encoded[-MOST_NAME_BYTES:].decode(errors="ignore")
