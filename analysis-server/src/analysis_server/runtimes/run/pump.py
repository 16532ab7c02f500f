"""Feeds a plugin its input and takes what it writes, both at once, in the calling thread.

Writing and reading share one poll loop: a plugin that answers before it has read everything, or writes
more than a pipe holds, would otherwise block against us.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable

CHUNK_BYTES = 64 * 1024
"""What a pipe holds; larger buffers only cost their allocation."""
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
_BROKEN = select.POLLHUP | select.POLLERR | select.POLLNVAL

Reader = Callable[[int], bool]
"""Takes a readable descriptor; False when there is no more to come from it."""


def chunk_reader(sink: Callable[[bytes], None]) -> Reader:
    """Return a reader that hands what it reads to `sink` until the end of the stream."""

    def read(descriptor: int) -> bool:
        try:
            data = os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            # A peer that is killed may reset the connection instead of closing it.
            return False
        if data:
            sink(data)
        return bool(data)

    return read


class Feed:
    """The input on its way to the plugin. A plugin that ends without reading it is no error."""

    def __init__(self, descriptor: int, payload: bytes, *, finish: Callable[[], None]) -> None:
        """Remember what to write where, and how to say that it was all."""
        self.descriptor = descriptor
        self._rest = memoryview(payload)
        self._finish = finish
        self.open = True

    def write_some(self) -> None:
        """Write what fits now; finish at the end or when nobody reads any more."""
        try:
            if self._rest:
                written = os.write(self.descriptor, self._rest[:CHUNK_BYTES])
                self._rest = self._rest[written:]
        except BlockingIOError:
            return
        except OSError:
            self._rest = self._rest[:0]
        if not self._rest:
            self.end()

    def end(self) -> None:
        """Close the plugin's stdin."""
        if self.open:
            self.open = False
            with contextlib.suppress(OSError):
                self._finish()


def pump(readers: dict[int, Reader], feed: Feed | None, *, watch: Callable[[], float | None]) -> None:
    """Run until no reader is left or `watch` says so.

    `watch` is called between waits, at latest after the seconds it returned, and ends the loop with None.
    """
    open_readers = dict(readers)
    poll = select.poll()
    for descriptor in {*open_readers, *([feed.descriptor] if feed else [])}:
        os.set_blocking(descriptor, False)
        poll.register(descriptor, _mask(descriptor, open_readers, feed))
    while open_readers:
        wait_s = watch()
        if wait_s is None:
            break
        for descriptor, events in poll.poll(max(0.0, wait_s) * 1000):
            _serve(descriptor, events, open_readers, feed)
            mask = _mask(descriptor, open_readers, feed)
            if mask:
                poll.modify(descriptor, mask)
            else:
                poll.unregister(descriptor)
    if feed is not None:
        feed.end()


def _serve(descriptor: int, events: int, readers: dict[int, Reader], feed: Feed | None) -> None:
    if descriptor in readers and events & _READABLE and not readers[descriptor](descriptor):
        del readers[descriptor]
        if feed is not None and feed.descriptor == descriptor:
            feed.end()
    if feed is not None and feed.open and feed.descriptor == descriptor:
        if events & select.POLLOUT:
            feed.write_some()
        elif events & _BROKEN and descriptor not in readers:
            feed.end()


def _mask(descriptor: int, readers: dict[int, Reader], feed: Feed | None) -> int:
    reading = select.POLLIN if descriptor in readers else 0
    writing = select.POLLOUT if feed is not None and feed.open and feed.descriptor == descriptor else 0
    return reading | writing
