"""Cancellations that arrive: what is awaited may lose one.

redis-py sends its commands in `asyncio.wait_for`, which before Python 3.12 drops a cancellation that comes in
the moment in which they are sent (python/cpython issue 86296): a loop cancelled once may go on for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

AGAIN_EVERY_S: Final = 1.0

Answer = TypeVar("Answer")


async def cancel(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks until all have ended, however they end."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_EVERY_S)


async def cancellable(work: Awaitable[Answer]) -> Answer:
    """Await work in a task of its own, which has ended when a cancellation of this call has."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        await cancel(task)
        if not task.cancelled():
            task.result()
        raise
    return task.result()
