"""A plugin's schema as a server knows it: cheap checks are made at once, others by limited processes."""

from __future__ import annotations

import json
import threading
from typing import Any

from cachetools import LRUCache

from satellite.schemas.compiled import CompiledSchema, SchemaInvalid
from satellite.schemas.faults import Fault
from satellite.schemas.limits import LISTED_HERE, LISTED_THERE, MOST_COMPILED, WORK_HERE
from satellite.schemas.pool import CheckerPool
from satellite.schemas.profile import measure


class CheckedSchema:
    """A schema that was measured, and compiled if it is small."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Measure `schema`; what is wrong with it stands in `faults`; checking a value raises it."""
        profile = measure(schema)
        self.faults = list(profile.faults)
        self.text = json.dumps(schema).encode()
        self._size = profile.size
        self._compiled: CompiledSchema | None = None
        if profile.is_small and not self.faults:
            try:
                self._compiled = CompiledSchema(schema)
            except SchemaInvalid as exc:
                self.faults = [exc.fault]

    @property
    def is_small(self) -> bool:
        """Tell whether it is compiled here."""
        return self._compiled is not None

    def check_here(self, value: Any, text: bytes) -> list[Fault] | None:
        """Return what in `value`, whose JSON text is `text`, breaks the schema; None if that may take long.

        Raises:
            SchemaInvalid: the schema breaks a rule.
        """
        if self.faults:
            raise SchemaInvalid(self.faults[0])
        work = self._size * len(text)
        if self._compiled is None or work > WORK_HERE:
            return None
        if self._compiled.is_valid(value):
            return []
        return self._compiled.faults(value, list_all=True) if work <= LISTED_HERE else None

    def check_there(self, pool: CheckerPool, key: str, text: bytes) -> list[Fault]:
        """Return what in the value with this JSON text breaks the schema; waits until a process is free.

        Raises:
            SchemaInvalid: the schema is none.
            SchemaTooComplex: it needs more than a process has.
        """
        return pool.faults(key, self.text, text, list_all=self._size * len(text) <= LISTED_THERE)


class CheckedSchemas:
    """The most recently used schemas, by a key that stands for one schema; safe to use from many threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._known: LRUCache[str, CheckedSchema] = LRUCache(MOST_COMPILED)

    def find(self, key: str) -> CheckedSchema | None:
        """Return the schema known under `key`, or None."""
        with self._lock:
            try:
                # Not `get`, which takes ten times as long (2026-11-25).
                return self._known[key]
            except KeyError:
                return None

    def get(self, key: str, schema: dict[str, Any]) -> CheckedSchema:
        """Return the schema known under `key`, measured and compiled if it is new."""
        known = self.find(key)
        if known is None:
            # Outside the lock: a large schema takes 0.2 s to measure, and others are asked for meanwhile.
            known = CheckedSchema(schema)
            with self._lock:
                self._known[key] = known
        return known
