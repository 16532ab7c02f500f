"""Files on their way: in pieces, past lost connections, and compared by SHA-256 at both ends."""

from __future__ import annotations

import base64
import functools
import hashlib
from io import BufferedReader
from pathlib import Path
from typing import Final

import httpx

from satellite.client.calls import Flow, pause, send, work
from satellite.client.errors import Conflict, ServerUnreachable, TransferCorrupted
from satellite.client.models import StoredFile

CHUNK_BYTES: Final = 16 * 1024 * 1024
TRIES: Final = 6
"""In a row and without a byte in between."""
PAUSE_S: Final = 1.0
CHUNK_TIMEOUT: Final = httpx.Timeout(30, read=600)
"""The answer to the last chunk comes when all are put together: some seconds a gigabyte."""
TUS: Final = {"Tus-Resumable": "1.0.0"}


def send_file(source: BufferedReader, *, name: str, media_type: str) -> Flow[tuple[str, str]]:
    """Send what can be read and sought, and return the id of the file that it becomes and its SHA-256.

    Raises:
        ServerUnreachable: nobody has answered several times.
    """
    size_bytes = source.seek(0, 2)
    metadata = f"filename {_encoded(name)},filetype {_encoded(media_type)}"
    announced = {"Upload-Length": str(size_bytes), "Upload-Metadata": metadata}
    begun = yield from send("POST", "/uploads", headers=TUS | announced, retry_for_s=0)
    path = "/uploads/" + begun.headers["Location"].rpartition("/")[2]
    offset, tries = 0, _Tries()
    while offset < size_bytes:
        chunk, headers = yield from work(functools.partial(_read_chunk, source, offset))
        try:
            answer = yield from send(
                "PATCH", path, content=chunk, headers=headers, timeout=CHUNK_TIMEOUT, retry_for_s=0
            )
        except (ServerUnreachable, Conflict) as error:
            # It may have arrived all the same: the server knows.
            yield from tries.failed(error)
            answer = yield from _until_answered(tries, path)
        else:
            tries.went_well()
        offset = int(answer.headers["Upload-Offset"])
    source.seek(0)
    digest = yield from work(lambda: hashlib.file_digest(source, "sha256"))
    return path.rpartition("/")[2], digest.hexdigest()


def _read_chunk(source: BufferedReader, offset: int) -> tuple[bytes, dict[str, str]]:
    source.seek(offset)
    chunk = source.read(CHUNK_BYTES)
    checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
    return chunk, TUS | {
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {checksum}",
        "Content-Type": "application/offset+octet-stream",
    }


def receive_file(file: StoredFile, target: Path) -> Flow[None]:
    """Write a file to `target`, which appears whole or not at all.

    Raises:
        ServerUnreachable: nobody has answered several times.
        TransferCorrupted: what arrived has another digest than the file.
    """
    draft = target.with_name(f"{target.name}.part")
    digest, tries = hashlib.sha256(), _Tries()
    try:
        with draft.open("wb") as output:

            def take(piece: bytes) -> None:
                output.write(piece)
                digest.update(piece)
                tries.went_well()

            while (offset := output.tell()) < file.size_bytes:
                headers = {"Range": f"bytes={offset}-", "If-Range": f'"{file.sha256}"'}
                try:
                    yield from send("GET", f"/files/{file.id}", headers=headers, sink=take, retry_for_s=0)
                except ServerUnreachable as error:
                    yield from tries.failed(error)
        if digest.hexdigest() != file.sha256:
            raise TransferCorrupted(f"What arrived of file {file.id} is not what is stored; fetch it again.")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


class _Tries:
    """Counts failures in a row."""

    def __init__(self) -> None:
        self._failures = 0

    def went_well(self) -> None:
        self._failures = 0

    def failed(self, error: Exception) -> Flow[None]:
        """Wait before the next try.

        Raises:
            Exception: the error, when there were too many.
        """
        self._failures += 1
        if self._failures >= TRIES:
            raise error
        yield from pause(PAUSE_S * (self._failures - 1))


def _until_answered(tries: _Tries, path: str) -> Flow[httpx.Response]:
    while True:
        try:
            return (yield from send("HEAD", path, headers=TUS, retry_for_s=0))
        except ServerUnreachable as error:
            yield from tries.failed(error)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
