"""Streams that work off one list of blocks side by side, and what became of each."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from analysis_server.connector.ssh.errors import ChannelRefused, SshError

Block = TypeVar("Block")


class Worklist(Generic[Block]):
    """Blocks that are taken one by one. Safe to use from many threads."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """Take all that is to be done."""
        self._blocks = deque(blocks)

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._blocks)

    def take(self) -> Block | None:
        """Return the next one, None at the end."""
        try:
            return self._blocks.popleft()
        except IndexError:
            return None

    def drop(self) -> None:
        """Let nobody take any more."""
        self._blocks.clear()


class CommonStart:
    """Lets those who need different times to be ready begin together, if that does not take too long."""

    def __init__(self, count: int, *, within_s: float) -> None:
        """Wait for so many, from now on."""
        self._missing = count
        self._until_s = time.monotonic() + within_s
        self._changed = threading.Condition()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Be ready when the block ends, whether well or not."""
        try:
            yield
        finally:
            with self._changed:
                self._missing -= 1
                self._changed.notify_all()

    def wait(self) -> None:
        """Return when all are ready, or it took too long."""
        with self._changed:
            left_s = max(0.0, self._until_s - time.monotonic())
            self._changed.wait_for(lambda: self._missing <= 0, timeout=left_s)


def work_off(worklist: Worklist[Block], streams: int, work: Callable[[bool], None]) -> SshError | None:
    """Call `work(is_extra)` in some threads, and return by what a line broke, if one did, once all are done.

    Raises:
        Exception: what one of them raised that is no matter of a line; the others end at their next block.
    """
    errors: list[BaseException] = []

    def run(*, is_extra: bool) -> None:
        try:
            work(is_extra)
        except ChannelRefused as error:
            if not is_extra:
                errors.append(error)
        except SshError as error:
            errors.append(error)
        except BaseException as error:  # noqa: BLE001
            worklist.drop()
            errors.append(error)

    extras = [
        threading.Thread(target=run, kwargs={"is_extra": True}, name="cluster-transfer", daemon=True)
        for _ in range(streams - 1)
    ]
    for thread in extras:
        thread.start()
    run(is_extra=False)
    for thread in extras:
        thread.join()
    for error in errors:
        if not isinstance(error, SshError):
            raise error
    return next((error for error in errors if isinstance(error, SshError)), None)
