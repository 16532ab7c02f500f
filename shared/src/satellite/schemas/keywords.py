"""Which keywords of a JSON Schema hold schemas, in all drafts; everything else is data."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, NamedTuple

DRAFTS = (
    "json-schema.org/draft-04/schema",
    "json-schema.org/draft-06/schema",
    "json-schema.org/draft-07/schema",
    "json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft/2020-12/schema",
)
KNOWN_DRAFTS = frozenset(f"{scheme}://{draft}" for draft in DRAFTS for scheme in ("http", "https"))

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
ANNOTATIONS = frozenset({"title", "description", "default", "examples", "$comment", "$schema", "$id", "id"})
"""They cost nothing when a value is checked."""


class Place(Enum):
    """What a subschema is applied to."""

    BESIDE = auto()
    """The same value as the schema around it."""
    BELOW = auto()
    """A part of that value."""
    ASIDE = auto()
    """Nothing, unless something refers to it."""


PLACES = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "not", "if", "then", "else"), Place.BESIDE),
    **dict.fromkeys(("dependentSchemas", "dependencies"), Place.BESIDE),
    **dict.fromkeys(
        ("properties", "patternProperties", "additionalProperties", "propertyNames"), Place.BELOW
    ),
    **dict.fromkeys(("items", "prefixItems", "additionalItems", "contains"), Place.BELOW),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), Place.BELOW),
    **dict.fromkeys(("$defs", "definitions", "contentSchema"), Place.ASIDE),
}
NAMED = frozenset(
    {"dependentSchemas", "dependencies", "properties", "patternProperties", "$defs", "definitions"}
)
"""Keywords that hold schemas by name; of the others some hold one, some a list."""


class Part(NamedTuple):
    """A subschema: where it stands in the schema around it, and what it is applied to."""

    path: tuple[str | int, ...]
    schema: Any
    place: Place


def parts_of(schema: dict[str, Any]) -> Iterator[Part]:
    """Yield the subschemas that stand directly in a schema."""
    for keyword, place in PLACES.items():
        held = schema.get(keyword)
        if isinstance(held, list):
            yield from (Part((keyword, index), each, place) for index, each in enumerate(held))
        elif isinstance(held, dict) and keyword in NAMED:
            yield from (Part((keyword, name), each, place) for name, each in held.items())
        elif isinstance(held, dict):
            yield Part((keyword,), held, place)
