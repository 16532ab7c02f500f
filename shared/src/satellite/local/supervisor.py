"""Keeps a set of processes running: starts them as their dependencies allow, restarts, stops in order.

Written for one machine and one terminal. It knows nothing of Satellite; `stack.py` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from satellite.errors import SatelliteError
from satellite.local.errors import PartFailed
from satellite.local.process import ProcessSpec, end, kill_group, rotate, spawn

PROBE_INTERVAL_S = 0.05
PROBE_INTERVAL_MAX_S = 0.4
STABLE_AFTER_S = 30
"""A process that ran for so long starts again with the shortest delay."""

logger = logging.getLogger(__name__)


class PartState(StrEnum):
    """What became of a process."""

    READY = "ready"
    ENDED = "ended"
    """It ended by itself and is started again."""
    STOPPED = "stopped"
    TROUBLED = "troubled"
    """It runs, but something around it does not work."""


Listener = Callable[[ProcessSpec, PartState, str], None]
"""Told of each change; the text adds a detail for people."""


class _Part:
    """One process over all its restarts."""

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.process: asyncio.subprocess.Process | None = None
        self.ready = asyncio.Event()
        self.was_ready = False
        self.keeper: asyncio.Task[None] | None = None

    def last_words(self) -> str:
        """Return the last line of the log that says something."""
        with contextlib.suppress(OSError):
            lines = self.log.read_bytes()[-4096:].decode(errors="replace").splitlines()
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


class Supervisor:
    """Runs `specs`, listed in start order; the reverse is the stop order."""

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        log_dir: Path,
        listener: Listener = lambda *_: None,
        recorder: Callable[[list[int]], None] = lambda _: None,
    ) -> None:
        self._parts = {spec.name: _Part(spec, log_dir / f"{spec.name}.log") for spec in specs}
        self._listener = listener
        self._recorder = recorder
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self) -> None:
        """Begin to start everything; returns at once."""
        for part in self._parts.values():
            part.log.parent.mkdir(parents=True, exist_ok=True)
            self._rotate(part)
            part.keeper = asyncio.create_task(self._keep(part), name=f"keep-{part.spec.name}")
            part.keeper.add_done_callback(self._notice_defect)

    async def wait_ready(self, *names: str) -> None:
        """Wait until the named processes (all but optional ones by default) are ready.

        Raises:
            PartFailed: one ended, or stayed silent past its deadline, before it was ever ready.
        """
        wanted = names or [part.spec.name for part in self._parts.values() if not part.spec.is_optional]
        waiting = asyncio.gather(*(self._parts[name].ready.wait() for name in wanted))
        try:
            either: set[asyncio.Future[Any]] = {waiting, self._failure}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                self._failure.result()
        finally:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting

    def process_id(self, name: str) -> int | None:
        """Return the id of the named process, or None while it does not run."""
        process = self._parts[name].process
        return process.pid if process is not None and process.returncode is None else None

    async def stop(self) -> None:
        """End every process, group after group, in the reverse of the start order."""
        groups = itertools.groupby(
            reversed(self._parts.values()), key=lambda part: part.spec.stop_group or part.spec.name
        )
        for _, group in groups:
            await asyncio.gather(*(self._stop(part) for part in group))
        if self._failure.done() and not self._failure.cancelled():
            self._failure.exception()

    def kill(self) -> None:
        """Kill every process at once."""
        for part in self._parts.values():
            # The id of one that has ended may be another's by now.
            if part.process is not None and part.process.returncode is None:
                kill_group(part.process.pid)

    async def _stop(self, part: _Part) -> None:
        if part.keeper is not None:
            part.keeper.cancel()
            await asyncio.wait({part.keeper})
        if part.process is not None:
            await end(part.process, part.spec)
            if not part.spec.runs_once:
                self._tell(part, PartState.STOPPED)

    async def _keep(self, part: _Part) -> None:
        """Run one process for as long as the stack lives, whatever goes wrong once it was ready."""
        spec, failures = part.spec, 0
        starts_left = spec.starts_max
        while True:
            for name in spec.depends_on:
                await self._parts[name].ready.wait()
            began = time.monotonic()
            how_it_ended = await self._run_in_spite_of_defects(part, began)
            if spec.runs_once and part.ready.is_set():
                return
            starts_left -= 1
            if not part.was_ready and not spec.is_optional and starts_left <= 0:
                self._fail(part, how_it_ended)
                return
            self._kill_useless(spec.name)
            failures = 0 if time.monotonic() - began > STABLE_AFTER_S else failures + 1
            # A part may fail for days, and 2 ** 1024 is no float any more.
            delay_s = min(spec.restart_delay_s * 2 ** min(max(failures - 1, 0), 20), spec.restart_delay_max_s)
            self._tell(part, PartState.ENDED, f"{how_it_ended}; starts again in {delay_s:g} s")
            await asyncio.sleep(delay_s)

    async def _run_in_spite_of_defects(self, part: _Part, began: float) -> str:
        """Run a process once; an error that nobody thought of ends it, and is told like any other end."""
        try:
            return await self._run_once(part, began)
        except Exception as error:
            if not part.was_ready and not part.spec.is_optional:
                raise
            self._log_defect(part, error)
            part.ready.clear()
            if part.process is not None:
                await end(part.process, part.spec)
            return f"could not be kept running: {type(error).__name__}: {error}"

    def _kill_useless(self, ended: str) -> None:
        for part in self._parts.values():
            process_id = self.process_id(part.spec.name)
            if ended in part.spec.restarts_with and process_id is not None:
                kill_group(process_id)

    async def _run_once(self, part: _Part, began: float) -> str:
        """Spawn, tell when it is ready, wait for its end; returns how it ended."""
        try:
            part.process = await spawn(part.spec, log=part.log)
        except OSError as error:
            return f"could not be started: {error.strerror or error}"
        except SatelliteError as error:
            return f"could not be started: {error}"
        self._record(part)
        ended = asyncio.create_task(part.process.wait())
        try:
            if not part.spec.runs_once and not await self._becomes_ready(part, ended):
                if not ended.done():
                    await end(part.process, part.spec)
                    return f"was not ready after {part.spec.ready_timeout_s:g} s"
            elif not part.spec.runs_once:
                self._mark_ready(part, began)
            code = await ended
            if part.spec.runs_once and code == 0:
                self._mark_ready(part, began)
            else:
                part.ready.clear()
            return f"ended with {code}" if code >= 0 else f"was killed by signal {-code}"
        finally:
            ended.cancel()
            # Children of a process that died alone must not outlive it.
            if part.process.returncode is not None:
                kill_group(part.process.pid)

    async def _becomes_ready(self, part: _Part, ended: asyncio.Task[int]) -> bool:
        if part.spec.probe is None or part.process is None:
            return True
        deadline = time.monotonic() + part.spec.ready_timeout_s
        interval_s = PROBE_INTERVAL_S
        while time.monotonic() < deadline:
            if ended.done():
                return False
            if await part.spec.probe(part.process.pid):
                return True
            await asyncio.wait({ended}, timeout=interval_s)
            interval_s = min(interval_s * 1.5, PROBE_INTERVAL_MAX_S)
        return False

    def _mark_ready(self, part: _Part, began: float) -> None:
        part.ready.set()
        part.was_ready = True
        self._tell(part, PartState.READY, f"{time.monotonic() - began:.1f} s")

    def _notice_defect(self, keeper: asyncio.Task[None]) -> None:
        """Pass on what no keeper should raise, so that nobody waits for a process without one."""
        error = None if keeper.cancelled() else keeper.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)

    def _fail(self, part: _Part, how_it_ended: str) -> None:
        words = part.last_words()
        said = f", saying {words[:300]!r}" if words else ""
        if not self._failure.done():
            self._failure.set_exception(
                PartFailed(f"{part.spec.name} {how_it_ended}{said}; its log is {part.log}.")
            )

    def _record(self, started: _Part) -> None:
        """Note what runs; a note that cannot be made ends nothing."""
        process_ids = [self.process_id(name) for name in self._parts]
        try:
            self._recorder([process_id for process_id in process_ids if process_id is not None])
        except Exception as error:  # noqa: BLE001  # Whatever it is, the process runs and is kept.
            self._log_defect(started, error)
            self._tell(started, PartState.TROUBLED, f"runs, but could not be noted down: {error}")

    def _rotate(self, part: _Part) -> None:
        try:
            rotate(part.log)
        except OSError as error:
            self._tell(part, PartState.TROUBLED, f"its log goes on in the old file: {error}")

    def _tell(self, part: _Part, state: PartState, detail: str = "") -> None:
        """Tell the listener, whose own errors must not end what it is told of."""
        try:
            self._listener(part.spec, state, detail)
        except Exception as error:  # noqa: BLE001  # As above.
            self._log_defect(part, error)

    def _log_defect(self, part: _Part, error: Exception) -> None:
        """Put an error with its traceback into this process's log and into the part's."""
        logger.error("keeping %s", part.spec.name, exc_info=error)
        with contextlib.suppress(OSError), part.log.open("a") as log:
            log.write("".join(traceback.format_exception(error)))
