"""The file through which a process shares its metrics, written in a way that a full disk cannot kill."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import structlog
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict, _read_all_values

HEADER = struct.Struct("ii")
VALUE = struct.Struct("dd")
FIRST_BYTES = HEADER.size

log = structlog.get_logger(__name__)


class ValueFile(MmapedDict):
    """The library's file format without its mapping.

    The library maps the file into memory. A page of it that the disk has no room for ends the process by
    SIGBUS, which nothing can catch. Here the values live in plain memory and are written through; what a full
    disk refuses is written as soon as it has room again. One more system call for each value, some 2 µs.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:  # noqa: FBT001, FBT002  # As the library's.
        """Go on with what the file holds, if it is there."""
        del read_mode
        self._path = Path(filename)
        self._descriptor: int | None = None
        self._is_behind = True
        self._data = bytearray(HEADER.pack(FIRST_BYTES, 0))
        self._positions: dict[str, int] = {}
        with contextlib.suppress(OSError):
            self._load(self._path.read_bytes())
        self._write_through(0, len(self._data))

    def read_value(self, key: str) -> tuple[float, float]:
        """Return a value and its time stamp, 0 for a new key."""
        value, timestamp = VALUE.unpack_from(self._data, self._position(key))
        return value, timestamp

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Set a value and its time stamp."""
        position = self._position(key)
        VALUE.pack_into(self._data, position, value, timestamp)
        self._write_through(position, position + VALUE.size)

    def read_all_values(self) -> Iterator[tuple[str, float, float]]:
        """Yield keys, values and time stamps."""
        for key, value, timestamp, _ in _entries(self._data):
            yield key, value, timestamp

    def close(self) -> None:
        """Close the file; what is behind is given up."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _load(self, data: bytes) -> None:
        if len(data) < FIRST_BYTES or not FIRST_BYTES <= HEADER.unpack_from(data)[0] <= len(data):
            return
        self._data = bytearray(data[: HEADER.unpack_from(data)[0]])
        self._positions = {key: position for key, _, _, position in _entries(self._data)}

    def _position(self, key: str) -> int:
        if key not in self._positions:
            self._append(key)
        return self._positions[key]

    def _append(self, key: str) -> None:
        encoded = key.encode()
        padded = encoded + b" " * (8 - (len(encoded) + 4) % 8)
        began = len(self._data)
        self._data += struct.pack("i", len(encoded)) + padded + VALUE.pack(0.0, 0.0)
        self._positions[key] = len(self._data) - VALUE.size
        HEADER.pack_into(self._data, 0, len(self._data), 0)
        # The length last: a reader between the two sees the file as it was.
        self._write_through(began, len(self._data))
        self._write_through(0, FIRST_BYTES)

    def _write_through(self, begin: int, end: int) -> None:
        """Write a part of the data, or all of it if an earlier part is missing in the file."""
        try:
            if self._descriptor is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            if self._is_behind:
                self._write(FIRST_BYTES, len(self._data))
                begin, end = 0, FIRST_BYTES
            self._write(begin, end)
        except OSError as error:
            if not self._is_behind:
                log.warning("metrics stay in memory until the disk takes them", error=str(error))
            self._is_behind = True
            self._remove_stub()
        else:
            self._is_behind = False

    def _write(self, begin: int, end: int) -> None:
        if (
            self._descriptor is None
            or os.pwrite(self._descriptor, self._data[begin:end], begin) < end - begin
        ):
            raise OSError("the disk took a part only")

    def _remove_stub(self) -> None:
        """Leave no file without a length behind, which would fail every scrape."""
        if self._descriptor is not None and os.fstat(self._descriptor).st_size < FIRST_BYTES:
            self.close()
            with contextlib.suppress(OSError):
                self._path.unlink()


def _entries(data: bytearray) -> Iterator[tuple[str, float, float, int]]:
    """Yield keys, values, time stamps and the values' positions."""
    yield from _read_all_values(bytes(data), len(data))  # type: ignore[no-untyped-call]


def use_value_files() -> None:
    """Make the library share metrics through such files, before it makes the first metric."""
    values.MmapedDict = ValueFile  # type: ignore[attr-defined]
