"""Checks what steps hand to plugins, where no event loop waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from operation_server.plugins.file_places import with_references
from satellite.contracts.file_reference import find_references, takes_files
from satellite.schemas.checked import CheckedSchema, CheckedSchemas
from satellite.schemas.compiled import SchemaInvalid
from satellite.schemas.faults import Fault, SchemaTooComplex
from satellite.schemas.pool import CheckerPool


class CheckedInput(NamedTuple):
    """What in an input breaks its schema, a sentence each, and the files it refers to by their ids."""

    faults: list[str]
    references: dict[str, list[str]]
    """With the JSON pointers of their places."""


class StepInputs:
    """Checks inputs by the schemas of plugin versions, which are read once each."""

    def __init__(self) -> None:
        """Know none yet."""
        self._schemas = CheckedSchemas()
        self._takes_files: dict[str, bool] = {}
        self._pool = CheckerPool()

    def check(
        self, plugin_id: int, value: Any, text: str, *, schema_of: Callable[[int], dict[str, Any]]
    ) -> CheckedInput:
        """Look at a value, whose JSON text is `text`, by the schema of a plugin."""
        key = str(plugin_id)
        checked = self._schemas.find(key)
        if checked is None:
            schema = schema_of(plugin_id)
            self._takes_files[key] = takes_files(schema)
            checked = self._schemas.get(key, with_references(schema))
        references = find_references(value) if self._takes_files[key] else {}
        return CheckedInput(self._faults(checked, key, value, text), references)

    def _faults(self, checked: CheckedSchema, key: str, value: Any, text: str) -> list[str]:
        try:
            found = checked.check_here(value, text.encode())
            if found is None:
                found = checked.check_there(self._pool, key, text.encode())
        except SchemaInvalid as error:
            found = [error.fault]
        except SchemaTooComplex as error:
            found = [Fault("", f"cannot be checked: by the schema it {error}")]
        return [f"{fault.pointer or '/'}: {fault.message}" for fault in found]

    def close(self) -> None:
        """End the limited processes."""
        self._pool.close()
