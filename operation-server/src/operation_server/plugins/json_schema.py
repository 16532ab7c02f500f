"""JSON Schemas of plugins: checked when registered, compiled once; the only module that knows the library."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from operation_server.problems import Violation
from satellite.contracts.json_text import json_pointer, write_json

MOST_SCHEMA_BYTES = 256 * 1024
MOST_SCHEMA_DEPTH = 64
MOST_VIOLATIONS = 100
MOST_COMPILED = 256
MOST_MESSAGE_CHARACTERS = 500
# Backtracking beyond this counts as a mismatch; ordinary patterns need a few hundred steps.
BACKTRACK_LIMIT = 100_000


class InputValidator:
    """A compiled schema."""

    def __init__(self, schema: Any) -> None:
        """Compile `schema`, never fetching anything.

        Raises:
            jsonschema_rs.ValidationError: it is not a JSON Schema, or refers to something outside.
        """
        self._compiled = jsonschema_rs.validator_for(
            schema,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT),
        )

    def violations(self, value: Any, *, at: str = "") -> list[Violation]:
        """Return how `value` breaks the schema, each with its pointer below `at`; at most 100."""
        if self._compiled.is_valid(value):
            return []
        errors = islice(self._compiled.iter_errors(value), MOST_VIOLATIONS)
        return [
            Violation(at + json_pointer(error.instance_path), error.message[:MOST_MESSAGE_CHARACTERS])
            for error in errors
        ]


class CompiledSchemas:
    """Keeps the most recently used compiled input schemas, by the digest of their manifest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, InputValidator] = OrderedDict()

    def get(self, digest: str, schema: Any) -> InputValidator:
        """Return the compiled schema of the manifest with `digest`."""
        known = self._kept.get(digest)
        if known is None:
            known = self._kept[digest] = InputValidator(schema)
            if len(self._kept) > MOST_COMPILED:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(digest)
        return known


def schema_violations(key: str, schema: dict[str, Any]) -> Iterator[Violation]:
    """Yield what is wrong with the schema under the manifest's `key`."""
    pointer = f"/{key}"
    if depth_of(schema) > MOST_SCHEMA_DEPTH:
        yield Violation(pointer, f"is nested deeper than {MOST_SCHEMA_DEPTH} levels")
        return
    if len(write_json(schema).encode()) > MOST_SCHEMA_BYTES:
        yield Violation(pointer, f"is larger than {MOST_SCHEMA_BYTES} bytes")
        return
    try:
        jsonschema_rs.meta.validate(schema)
        InputValidator(schema)
    except jsonschema_rs.ValidationError as exc:
        yield Violation(
            pointer + json_pointer(exc.instance_path),
            f"is not a valid JSON Schema: {exc.message[:MOST_MESSAGE_CHARACTERS]}",
        )
    except (jsonschema_rs.ReferencingError, ValueError) as exc:
        yield Violation(pointer, f"is not a valid JSON Schema: {str(exc)[:MOST_MESSAGE_CHARACTERS]}")


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
