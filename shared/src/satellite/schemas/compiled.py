"""A compiled schema; beside it nothing knows the library."""

from __future__ import annotations

from itertools import islice
from typing import Any

import jsonschema_rs

from satellite.contracts.json_text import json_pointer
from satellite.schemas.faults import Fault
from satellite.schemas.limits import BACKTRACK_LIMIT, MOST_MESSAGE_CHARACTERS, MOST_VIOLATIONS

_SIMPLE_VALUES: tuple[Any, ...] = (None, 0, "", [], {})


class SchemaInvalid(Exception):
    """The library does not take the schema; `fault` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class CompiledSchema:
    """Checks values by one schema. Formats are asserted in every draft; unknown ones say nothing."""

    def __init__(self, schema: Any) -> None:
        """Compile `schema`, never opening anything.

        Raises:
            SchemaInvalid: it is not a JSON Schema, or refers to something outside.
        """
        try:
            # This checks it by its meta-schema too; `jsonschema_rs.meta` would as well, but opens addresses.
            self._compiled = jsonschema_rs.validator_for(
                schema,
                offline=True,
                validate_formats=True,
                ignore_unknown_formats=True,
                pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT),
            )
        except jsonschema_rs.ValidationError as exc:
            raise SchemaInvalid(_invalid(exc.message, json_pointer(exc.instance_path))) from exc
        except (jsonschema_rs.ReferencingError, ValueError) as exc:
            raise SchemaInvalid(_invalid(str(exc))) from exc

    def try_out(self) -> None:
        """Check one value of each type: a schema that takes too long for these is no good for others."""
        for value in _SIMPLE_VALUES:
            self._compiled.is_valid(value)

    def is_valid(self, value: Any) -> bool:
        """Tell whether `value` satisfies the schema."""
        return bool(self._compiled.is_valid(value))

    def faults(self, value: Any, *, list_all: bool) -> list[Fault]:
        """Return what in `value` breaks the schema: the first ones, or one only."""
        try:
            if list_all:
                return [_fault(error) for error in islice(self._compiled.iter_errors(value), MOST_VIOLATIONS)]
            self._compiled.validate(value)
        except jsonschema_rs.ValidationError as exc:
            return [_fault(exc)]
        except ValueError:
            # The library gives up where a value is nested some 250 levels deep.
            return [Fault("", "breaks the schema, and is nested too deeply to say where")]
        return []


def _fault(error: Any) -> Fault:
    return Fault(json_pointer(error.instance_path), error.message[:MOST_MESSAGE_CHARACTERS])


def _invalid(message: str, pointer: str = "") -> Fault:
    return Fault(pointer, f"is not a valid JSON Schema: {message[:MOST_MESSAGE_CHARACTERS]}")
