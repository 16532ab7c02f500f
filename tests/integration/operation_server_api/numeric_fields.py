"""Every number that a request can carry, found in the API's own description."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

HOLE = "the number goes here"
"""Stands in a body for a token that Python's `json` would not write."""


@dataclass(frozen=True, kw_only=True)
class NumericField:
    """A number in the path, the query or the body of an operation."""

    method: str
    path: str
    where: str
    keys: tuple[str | int, ...]
    schema: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """Return its JSON pointer, for fields of bodies."""
        return "".join(f"/{key}" for key in self.keys)

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Return the ends of its range as described."""
        schema = self.schema
        return (
            schema.get("minimum", schema.get("exclusiveMinimum")),
            schema.get("maximum", schema.get("exclusiveMaximum")),
        )

    @property
    def ends(self) -> list[str]:
        """Return the ends of its range as JSON; the description holds them as floats."""
        ends = [str(end) for end in self.bounds]
        if self.schema["type"] == "integer":
            ends = [str(min(int(float(end)), 2**63 - 1)) for end in ends]
        return ends

    def body(self, base: Mapping[str, Any], token: str) -> bytes:
        """Return `base` as JSON with `token` at the field's place."""
        whole: Any = copy.deepcopy(dict(base))
        part = whole
        for key, following in zip(self.keys, self.keys[1:], strict=False):
            if isinstance(key, str):
                part = part.setdefault(key, [None] if isinstance(following, int) else {})
            else:
                part = part[key]
        part[self.keys[-1]] = HOLE
        return json.dumps(whole).replace(json.dumps(HOLE), token).encode()


def find_fields(description: Mapping[str, Any]) -> Iterator[NumericField]:
    """Yield the numeric fields of all operations."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                for _, schema in _numbers(description, parameter["schema"]):
                    yield NumericField(
                        method=method.upper(),
                        path=path,
                        where=parameter["in"],
                        keys=(parameter["name"],),
                        schema=schema,
                    )
            content = operation.get("requestBody", {}).get("content", {})
            for keys, schema in _numbers(description, content.get("application/json", {}).get("schema", {})):
                yield NumericField(
                    method=method.upper(), path=path, where="body", keys=tuple(keys), schema=schema
                )


def _numbers(
    description: Mapping[str, Any], schema: Mapping[str, Any], at: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _numbers(description, description["components"]["schemas"][name], at)
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from _numbers(description, each, at)
    if schema.get("type") in {"integer", "number"}:
        yield at, schema
    for key, each in schema.get("properties", {}).items():
        yield from _numbers(description, each, (*at, key))
    if "items" in schema:
        yield from _numbers(description, schema["items"], (*at, 0))
