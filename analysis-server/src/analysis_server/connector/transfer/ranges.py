"""Ranges of a file that have come, and the blocks that are left to bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

BLOCK_BYTES_MIN: Final = 1024 * 1024
BLOCK_BYTES_MAX: Final = 16 * 1024 * 1024
BLOCKS_A_STREAM: Final = 8

Range = tuple[int, int]
"""An offset and a length."""


def gaps(size_bytes: int, done: Iterable[Range]) -> Iterator[Range]:
    """Yield the ranges of a file that none of `done` covers, in their order."""
    at = 0
    for offset, length in sorted(done):
        if offset > at:
            yield at, min(offset, size_bytes) - at
        at = max(at, offset + length)
        if at >= size_bytes:
            return
    yield at, size_bytes - at


def blocks(size_bytes: int, done: Iterable[Range], *, block_bytes: int) -> Iterator[Range]:
    """Yield what is left of a file in blocks."""
    for offset, length in gaps(size_bytes, done):
        end = offset + length
        for start in range(offset, end, block_bytes):
            yield start, min(block_bytes, end - start)


def block_bytes_for(bytes_left: int, *, streams: int) -> int:
    """Return how large blocks are, so that all streams have some to the end."""
    return max(BLOCK_BYTES_MIN, min(BLOCK_BYTES_MAX, bytes_left // (streams * BLOCKS_A_STREAM)))
