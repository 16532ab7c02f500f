"""A stream that only a client can read, as a descriptor that can be waited for beside others."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

Pieces = AbstractContextManager[Iterable[bytes]]


@contextlib.contextmanager
def piped(
    open_pieces: Callable[[], Pieces],
    *,
    name: str,
    faults: tuple[type[Exception], ...],
    cut: Callable[[Exception], None],
) -> Iterator[int]:
    """Lend a descriptor from which all pieces are read; a thread of this name writes them.

    `cut` is told of one of the faults that ended the stream early, also when nobody reads any more.
    """
    reading, writing = os.pipe()

    def copy() -> None:
        # Answers come in chunks of HTTP, which only a client can take apart, and it blocks.
        try:
            with os.fdopen(writing, "wb", buffering=0) as pipe, open_pieces() as pieces:
                for data in pieces:
                    rest = memoryview(data)
                    while rest:
                        rest = rest[pipe.write(rest) :]
        except faults as error:
            cut(error)

    threading.Thread(target=copy, name=name, daemon=True).start()
    try:
        yield reading
    finally:
        os.close(reading)
