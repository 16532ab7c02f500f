"""One file on its way between the operation server and this worker: its bytes, counted and hashed."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import BinaryIO, Final

from satellite.contracts.attempt_files import GrantedFile
from satellite.errors import SatelliteError

CHUNK_BYTES: Final = 1024 * 1024

IsStopped = Callable[[], bool]


class TransferFailed(SatelliteError):
    """A file could not be transferred, and another attempt may have better luck."""

    code = "transfer_failed"


class TransferRefused(TransferFailed):
    """A file is not taken, and would not be of another attempt."""

    code = "transfer_refused"


class TransferDamaged(TransferFailed):
    """Other bytes came of a file than were stored once, and would for another attempt."""

    code = "transfer_damaged"


class TransferStopped(Exception):
    """The attempt was stopped meanwhile."""


class Download:
    """How far a file came."""

    def __init__(self, output: BinaryIO, file: GrantedFile) -> None:
        self._output = output
        self._file = file
        self.received = 0
        self.sha256 = hashlib.sha256()

    @property
    def is_complete(self) -> bool:
        """Tell whether all has come."""
        return self.received == self._file.size_bytes

    def take(self, chunk: bytes) -> None:
        """Take the next piece.

        Raises:
            TransferFailed: it is more than there should be, or cannot be written.
        """
        self.received += len(chunk)
        if self.received > self._file.size_bytes:
            raise TransferFailed(f"More bytes came of {self._file.name} than are stored.")
        try:
            self._output.write(chunk)
        except OSError as error:
            raise TransferFailed(f"{self._file.name} cannot be written here: {error.strerror}") from error
        self.sha256.update(chunk)


class Upload:
    """A file on its way, once or again, and the most of it that was sent at a time."""

    def __init__(self, source: BufferedReader, name: str, is_stopped: IsStopped) -> None:
        self._source = source
        self._name = name
        self._is_stopped = is_stopped
        self.sha256 = hashlib.file_digest(source, "sha256")
        self._size_bytes = source.tell()
        self.sent = 0

    def headers(self) -> dict[str, str]:
        """Return what is told of it before it comes."""
        digest = base64.b64encode(self.sha256.digest()).decode()
        return {
            "Content-Length": str(self._size_bytes),
            "Content-Type": mimetypes.guess_type(self._name)[0] or "application/octet-stream",
            "Content-Digest": f"sha-256=:{digest}:",
        }

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning.

        Raises:
            TransferStopped: the attempt was stopped.
        """
        self._source.seek(0)
        while chunk := self._source.read(CHUNK_BYTES):
            if self._is_stopped():
                raise TransferStopped
            yield chunk
            self.sent = max(self.sent, self._source.tell())
