"""What the client does with stored files."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.errors import TransferCorrupted
from satellite.client.files import receive_file, send_file
from satellite.client.models import Page, StoredFile


class FileCalls(Connection):
    """The part of the clients about files."""

    @Call
    def upload_file(
        self, path: Path, *, name: str | None = None, media_type: str | None = None
    ) -> Flow[StoredFile]:
        """Store a file of this machine; it goes on where it broke off, and its digest is compared.

        Raises:
            TransferCorrupted: what arrived is not what is on this machine; nothing of it is kept.
        """
        name = path.name if name is None else name
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with path.open("rb") as source:
            file_id, sha256 = yield from send_file(source, name=name, media_type=media_type or guessed)
        file = yield from FileCalls.get_file(self, file_id)
        if file.sha256 != sha256:
            yield from FileCalls.delete_file(self, file_id)
            raise TransferCorrupted(f"What arrived of {path} is not what is there; did it change meanwhile?")
        return file

    @Call
    def download_file(self, file_id: str, path: Path) -> Flow[StoredFile]:
        """Write a stored file to `path`, whole or not at all, and return what is known of it.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
        """
        file = yield from FileCalls.get_file(self, file_id)
        yield from receive_file(file, path)
        return file

    @Call
    def get_file(self, file_id: str) -> Flow[StoredFile]:
        """Return what is known of a stored file."""
        return ask(StoredFile, "GET", f"/files/{file_id}/metadata")

    @Call
    def list_files(self, *, skip: int = 0, limit: int = 50) -> Flow[Page[StoredFile]]:
        """List the stored files, newest first."""
        return ask(Page[StoredFile], "GET", "/files", params={"skip": skip, "limit": limit})

    @Call
    def delete_file(self, file_id: str) -> Flow[None]:
        """Delete a stored file."""
        return tell("DELETE", f"/files/{file_id}")
