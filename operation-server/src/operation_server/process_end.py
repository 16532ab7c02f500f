"""The one policy about loops that must not end: an error that nobody foresaw is told and ends the process.

A process that has lost one of its loops looks alive and does a part of its work. Ended, it is started again
by its supervisor, after a growing delay, and a process beside it leads meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from operation_server.cancellation import cancel, cancellable

EXIT_UNFORESEEN: Final = 71
"""Exit code of a process whose loop ended with an error that nobody foresaw."""
REQUESTS_END_WITHIN_S = 15.0

log = structlog.get_logger(__name__)


def end_now() -> None:
    """End this process at once; what it had begun is rolled back, and whoever leads next takes it up."""
    sys.stderr.flush()
    os._exit(EXIT_UNFORESEEN)


def end_after_requests() -> None:
    """End this process once its open requests are answered, as at a signal to stop, but surely and soon."""
    deadline = threading.Timer(REQUESTS_END_WITHIN_S, end_now)
    deadline.daemon = True
    deadline.start()
    os.kill(os.getpid(), signal.SIGTERM)


async def must_go_on(
    loop: str,
    work: Awaitable[object],
    *,
    foreseen: tuple[type[Exception], ...] = (),
    end: Callable[[], None] = end_now,
) -> None:
    """Run a loop; unless it is cancelled or raises what is foreseen, its end is the end of the process."""
    try:
        await cancellable(work)
    except asyncio.CancelledError:
        raise
    except foreseen:
        raise
    except Exception:
        log.critical("a loop failed unforeseen, ending the process", loop=loop, exc_info=True)
    else:
        log.critical("a loop returned, ending the process", loop=loop)
    end()


@contextlib.asynccontextmanager
async def beside_requests(loop: str, work: Awaitable[object]) -> AsyncIterator[None]:
    """Run a loop of a process that serves requests until the block ends."""
    task = asyncio.ensure_future(must_go_on(loop, work, end=end_after_requests))
    try:
        yield
    finally:
        await cancel(task)


async def until_signal(work: Coroutine[Any, Any, None]) -> None:
    """Run the work of a process until SIGTERM or SIGINT ends it, in order."""
    task = asyncio.create_task(cancellable(work))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
