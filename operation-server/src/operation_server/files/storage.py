"""Where the bytes of files are: a folder, or a bucket of whatever speaks S3."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from operation_server.files.errors import FileNotFound, StorageMissing, StorageUnavailable
from operation_server.settings import FileSettings

CHUNK_BYTES: Final = 65_536
PART_BYTES: Final = 5 * 1024 * 1024
"""The smallest part that S3 takes."""
PARTS_AT_ONCE: Final = 3
"""With one that fills up, 20 MiB of memory an upload."""
RETRIES: Final[Any] = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}


class FileStorage:
    """Keeps objects that are written once, whole or not at all, and read from any place on."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def of(cls, settings: FileSettings) -> FileStorage | None:
        """Return the storage that the settings name, if they do."""
        return None if settings.storage_url is None else cls(_open(settings, settings.storage_url))

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store an object as its chunks come; when they end with an error nothing of it stays.

        Raises:
            StorageUnavailable: it cannot be stored.
        """
        with _translated():
            await obstore.put_async(
                self._store, key, chunks, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )

    async def open(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Return the bytes of an object from `start` to before `end`, at least one, in chunks.

        Raises:
            FileNotFound: there is no such object.
            StorageUnavailable: it cannot be read.
        """
        with _translated():
            found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        return _chunks(found)

    async def list_keys(self) -> AsyncIterator[str]:
        """Yield the keys of all objects.

        Raises:
            StorageUnavailable: they cannot be listed.
        """
        with _translated():
            async for batch in obstore.list(self._store):
                for found in batch:
                    yield found["path"]

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; safe to repeat.

        Raises:
            StorageUnavailable: one of them may still be there.
        """
        for key in keys:
            with contextlib.suppress(FileNotFound), _translated():
                await obstore.delete_async(self._store, key)


def require_storage(storage: FileStorage | None) -> FileStorage:
    """Return the storage that there is.

    Raises:
        StorageMissing: the settings name none.
    """
    if storage is None:
        raise StorageMissing
    return storage


async def nothing() -> AsyncIterator[bytes]:
    """Yield no bytes."""
    yield b""


async def _chunks(found: obstore.GetResult) -> AsyncIterator[bytes]:
    with _translated():
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFound from error
    except (BaseError, OSError) as error:
        raise StorageUnavailable(f"{StorageUnavailable.__doc__} ({type(error).__name__})") from error


def _open(settings: FileSettings, url: str) -> ObjectStore:
    parts = urlsplit(url)
    if parts.scheme == "file":
        folder = Path(parts.path)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(prefix=folder)
    secret = settings.s3_secret_access_key
    options: dict[str, Any] = {
        "region": settings.s3_region,
        "endpoint": settings.s3_endpoint_url,
        "access_key_id": settings.s3_access_key_id,
        "secret_access_key": None if secret is None else secret.get_secret_value(),
    }
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        client_options={"allow_http": (settings.s3_endpoint_url or "").startswith("http:")},
        retry_config=RETRIES,
        **{name: value for name, value in options.items() if value is not None},
    )
