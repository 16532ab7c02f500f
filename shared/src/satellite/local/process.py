"""What the supervisor knows about one process, and how it is spawned and ended."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEPT_LOGS = 3
PR_SET_PDEATHSIG = 1

Probe = Callable[[int], Awaitable[bool]]
"""Tells whether a process (by its id) does its work."""

# Loaded before any fork: a child between fork and exec must not import anything.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """One process of the stack.

    When one of `restarts_with` ends, this process is useless and is ended and started again as well.
    A process without `probe` is ready when it was spawned; one with `runs_once` when it ended with 0.
    `prepare` is awaited before each start and may add environment that is known only then.
    `identity` holds `subprocess` arguments that drop privileges. The kernel sends `death_signal` when
    the supervisor itself dies. A process that was never ready is given up after `starts_max` starts.
    Neighbours in the supervisor's list with the same `stop_group` are stopped side by side.
    """

    name: str
    command: Sequence[str]
    title: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    depends_on: Sequence[str] = ()
    restarts_with: Sequence[str] = ()
    prepare: Callable[[], Awaitable[Mapping[str, str]]] | None = None
    probe: Probe | None = None
    # A busy machine had an API not ready after 60 s (2026-11-25); a part that dies is noticed at once.
    ready_timeout_s: float = 180
    starts_max: int = 1
    runs_once: bool = False
    is_optional: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10
    stop_group: str = ""
    death_signal: signal.Signals = signal.SIGKILL
    restart_delay_s: float = 0.5
    restart_delay_max_s: float = 30


def rotate(path: Path) -> None:
    """Move the log of an earlier start aside and keep the newest few."""
    for number in range(KEPT_LOGS - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))


async def spawn(spec: ProcessSpec, *, log: Path) -> asyncio.subprocess.Process:
    """Start the process in a session of its own, its output appended to `log`."""
    late_env = await spec.prepare() if spec.prepare is not None else {}
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *spec.command,
            env={**os.environ, **spec.env, **late_env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent(spec.death_signal),
            **spec.identity,
        )


async def end(process: asyncio.subprocess.Process, spec: ProcessSpec) -> None:
    """Ask the process to stop, and kill its whole group when it is gone or out of time."""
    if process.returncode is not None:
        # It ended by itself and its group was killed then; by now the id may be another's.
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(spec.stop_signal)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(spec.stop_timeout_s):
            await process.wait()
    kill_group(process.pid)
    await process.wait()


def kill_group(group: int) -> None:
    """Kill what is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def end_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` by which the kernel sends a child this signal when its parent dies."""
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def ask_kernel() -> None:
        # Runs in the child after a change of user, which would clear the request.
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel
