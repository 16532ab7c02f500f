"""A few limited processes in which schemas are compiled and values checked that may cost too much here."""

from __future__ import annotations

import queue
from typing import Any

from satellite.schemas.compiled import SchemaInvalid
from satellite.schemas.faults import Fault, SchemaTooComplex
from satellite.schemas.limited_process import LimitedProcess, ProcessEnded
from satellite.schemas.limits import CHECKERS

UNTOLD = Fault(
    "", "breaks the schema; to say where would need more time or memory than there is for one check"
)


class CheckerPool:
    """Limited processes, each for one request at a time; safe to use from many threads."""

    def __init__(self, size: int = CHECKERS) -> None:
        """Start nothing yet."""
        self._processes = [LimitedProcess() for _ in range(size)]
        # The one used last is taken first, so that the others can end for being idle.
        self._free: queue.LifoQueue[LimitedProcess] = queue.LifoQueue()
        for process in self._processes:
            self._free.put(process)

    @property
    def pids(self) -> list[int]:
        """Return the ids of the processes that run."""
        return [process.pid for process in self._processes if process.pid is not None]

    def compile(self, schema: bytes) -> None:
        """Compile the JSON text of a schema and try it out; waits until a process is free.

        Raises:
            SchemaInvalid: it is none.
            SchemaTooComplex: it needs more than a process has.
        """
        self._ask({"do": "compile"}, schema, b"")

    def faults(self, key: str, schema: bytes, value: bytes, *, list_all: bool) -> list[Fault]:
        """Return what in a value breaks a schema, both as JSON text; `key` stands for this schema only.

        Raises:
            SchemaInvalid: the schema is none.
            SchemaTooComplex: it needs more than a process has.
        """
        return self._ask({"do": "check", "key": key, "list_all": list_all}, schema, value)

    def close(self) -> None:
        """End the processes, also those at work; whoever waits for them is told `SchemaTooComplex`."""
        for process in self._processes:
            process.kill()
        for _ in self._processes:
            self._free.get().end()

    def _ask(self, asked: dict[str, Any], schema: bytes, value: bytes) -> list[Fault]:
        process = self._free.get()
        try:
            return _told(process, asked, schema, value)
        finally:
            self._free.put(process)


def _told(process: LimitedProcess, asked: dict[str, Any], schema: bytes, value: bytes) -> list[Fault]:
    try:
        verdict = _verdict(process, asked, schema, value)
    except ProcessEnded as exc:
        raise SchemaTooComplex from exc
    if "invalid_schema" in verdict:
        raise SchemaInvalid(Fault(*verdict["invalid_schema"]))
    if verdict["is_valid"]:
        return []
    try:
        return [Fault(*each) for each in process.receive()]
    except ProcessEnded:
        return [UNTOLD]


def _verdict(process: LimitedProcess, asked: dict[str, Any], schema: bytes, value: bytes) -> dict[str, Any]:
    try:
        return process.ask(asked, schema, value)  # type: ignore[no-any-return]
    except ProcessEnded as exc:
        if exc.exit_code != 0:
            raise
        # It had just ended for being idle.
        return process.ask(asked, schema, value)  # type: ignore[no-any-return]
