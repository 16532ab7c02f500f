"""Schemas of plugins: examined when registered, input checked by them, the event loop kept free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from operation_server.plugins.errors import InputNotCheckable, PluginUnusable, SchemaChecksBusy
from operation_server.problems import Violation
from satellite.contracts.json_text import JSONRefused, write_json
from satellite.schemas.checked import CheckedSchema, CheckedSchemas
from satellite.schemas.compiled import SchemaInvalid
from satellite.schemas.faults import Fault, SchemaTooComplex
from satellite.schemas.limits import CHECKERS, MOST_BYTES, MOST_DEPTH, MOST_VIOLATIONS, WAIT_S
from satellite.schemas.pool import CheckerPool

SLICE_BYTES = 10_000
"""After an input of this size the event loop has a turn: a batch may hold hundreds of them."""

Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


class SchemaChecks:
    """All that one API process does with schemas."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._pool = CheckerPool()
        self._known = CheckedSchemas()
        self._threads = ThreadPoolExecutor(CHECKERS, thread_name_prefix="schema-checks")
        self._room = asyncio.Semaphore(CHECKERS)

    async def find_violations(self, key: str, schema: dict[str, Any]) -> list[Violation]:
        """Return what is wrong with the schema under the manifest's `key`.

        Raises:
            SchemaChecksBusy: it needs a limited process, and none becomes free.
        """
        pointer = f"/{key}"
        if depth_of(schema) > MOST_DEPTH:
            return [Violation(pointer, f"is nested deeper than {MOST_DEPTH} levels")]
        if _is_too_large(schema):
            return [Violation(pointer, f"is larger than {MOST_BYTES} bytes")]
        checked = await asyncio.to_thread(CheckedSchema, schema)
        faults = checked.faults or await self._try_out(checked)
        return [Violation(pointer + fault.pointer, fault.message) for fault in faults[:MOST_VIOLATIONS]]

    async def validator(self, plugin: str, digest: str, schema: dict[str, Any]) -> InputValidator:
        """Return what checks the input of the plugin version called `plugin`, whose manifest has `digest`."""
        checked = self._known.find(digest)
        if checked is None:
            checked = await asyncio.to_thread(self._known.get, digest, schema)
        return InputValidator(self, checked, plugin=plugin, digest=digest)

    async def faults(self, checked: CheckedSchema, digest: str, value: Any, text: bytes) -> list[Fault]:
        """Return what breaks a schema in a value, checked where it hurts nobody."""
        found = checked.check_here(value, text)
        if found is None:
            return await self._there(lambda: checked.check_there(self._pool, digest, text))
        if len(text) > SLICE_BYTES:
            await asyncio.sleep(0)
        return found

    def close(self) -> None:
        """End the limited processes."""
        self._pool.close()
        self._threads.shutdown()

    async def _try_out(self, checked: CheckedSchema) -> list[Fault]:
        if checked.is_small:
            return []
        try:
            await self._there(lambda: self._pool.compile(checked.text))
        except SchemaInvalid as exc:
            return [exc.fault]
        except SchemaTooComplex as exc:
            return [Fault("", f"is too complex: to check even a simple value by it {exc}")]
        return []

    async def _there(self, ask: Callable[[], Answer]) -> Answer:
        """Ask a limited process, from a thread of those that are kept for it."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._room.acquire()
        except TimeoutError as exc:
            raise SchemaChecksBusy from exc
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        finally:
            self._room.release()


class InputValidator:
    """Checks the input of one plugin version."""

    def __init__(self, checks: SchemaChecks, checked: CheckedSchema, *, plugin: str, digest: str) -> None:
        self._checks = checks
        self._checked = checked
        self._plugin = plugin
        self._digest = digest

    async def violations(self, value: Any, text: str, *, at: str = "") -> list[Violation]:
        """Return how `value`, whose JSON text is `text`, breaks the schema; at most 100, each below `at`.

        Raises:
            PluginUnusable: the schema, accepted by an older release, breaks a rule.
            InputNotCheckable: checking `value` takes more time or memory than there is.
            SchemaChecksBusy: it needs a limited process, and none becomes free.
        """
        try:
            found = await self._checks.faults(self._checked, self._digest, value, text.encode())
        except SchemaInvalid as exc:
            raise PluginUnusable(
                f"The input_schema of {self._plugin} cannot be used: {exc.fault.pointer or 'it'} "
                f"{exc.fault.message}. Register a new version."
            ) from exc
        except SchemaTooComplex as exc:
            log.warning("an input could not be checked within the limits", plugin=self._plugin)
            raise InputNotCheckable(
                f"The input cannot be checked: by the input_schema of {self._plugin} it {exc}. "
                "Send a smaller input, or register a version with a simpler schema."
            ) from exc
        return [Violation(at + fault.pointer, fault.message) for fault in found]


def depth_of(value: Any) -> int:
    """Return how many levels of objects and arrays a JSON value has; iterative, so that no depth hurts."""
    deepest = 0
    level = [value]
    while level:
        level = [
            child
            for container in level
            if isinstance(container, dict | list)
            for child in (container.values() if isinstance(container, dict) else container)
        ]
        deepest += 1
    return deepest - 1


def _is_too_large(schema: dict[str, Any]) -> bool:
    try:
        return len(write_json(schema).encode()) > MOST_BYTES
    except JSONRefused:
        # Written out, its numbers may have more digits than in the manifest.
        return True
