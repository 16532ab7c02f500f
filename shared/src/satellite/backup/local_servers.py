"""Servers of a local stack that run for a moment, to be backed up or brought back."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from satellite.backup.errors import NotRunning
from satellite.local import probes
from satellite.local.postgres import EmbeddedPostgres
from satellite.local.process import end_with_parent
from satellite.local.redis import EmbeddedRedis

READY_WITHIN_S: Final = 180.0
STOPPED_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.05


@contextlib.contextmanager
def running_postgres(server: EmbeddedPostgres) -> Iterator[None]:
    """Run PostgreSQL, whose data folder is made if there is none, until the block ends.

    Raises:
        NotRunning: it does not answer.
    """
    server.initialise()
    with _running(
        "PostgreSQL",
        server.command(),
        answers=lambda: probes.postgres_answers(server.port),
        # PostgreSQL's fast shutdown, which does not wait for clients.
        stop_signal=signal.SIGINT,
        identity=server.identity(),
    ):
        yield


@contextlib.contextmanager
def running_redis(server: EmbeddedRedis) -> Iterator[None]:
    """Run Redis until the block ends.

    Raises:
        NotRunning: it does not answer.
    """
    answers = lambda: probes.redis_answers(server.port, server.password)  # noqa: E731
    with _running("Redis", server.command(), answers=answers, stop_signal=signal.SIGTERM):
        yield


@contextlib.contextmanager
def _running(
    name: str,
    command: Sequence[str],
    *,
    answers: Callable[[], Awaitable[bool]],
    stop_signal: signal.Signals,
    identity: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent(stop_signal),  # noqa: PLW1509  # There are no threads.
        **(identity or {}),
    )
    try:
        _await(name, process, answers)
        yield
    finally:
        process.send_signal(stop_signal)
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(name: str, process: subprocess.Popen[bytes], answers: Callable[[], Awaitable[bool]]) -> None:
    async def ask() -> bool:
        return await answers()

    deadline = time.monotonic() + READY_WITHIN_S
    while not asyncio.run(ask()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotRunning(f"{name} cannot be started on this home; `satellite up` may tell why.")
        time.sleep(LOOK_EVERY_S)
