"""What an input schema that speaks of files asks of an input, and where that refers to some."""

from __future__ import annotations

from typing import Any

import pytest

from operation_server.plugins.file_places import unfit_for_files, with_references
from satellite.contracts.file_reference import find_references, takes_files, with_value
from satellite.schemas.compiled import CompiledSchema
from satellite.testing import manifest_of

PLACE = {"type": "string", "format": "satellite-file"}
CONTENT = PLACE | {"contentEncoding": "base64"}
REFERENCE = {"$file": "a1"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (PLACE, REFERENCE),
        ({"properties": {"table": PLACE}, "required": ["table"]}, {"table": REFERENCE}),
        ({"properties": {"tables": {"items": PLACE}}}, {"tables": [REFERENCE, REFERENCE]}),
        ({"properties": {"table": {"$ref": "#/$defs/f"}}, "$defs": {"f": PLACE}}, {"table": REFERENCE}),
        ({"additionalProperties": {"anyOf": [PLACE, {"type": "null"}]}}, {"x": REFERENCE, "y": None}),
    ],
)
def test_a_reference_stands_where_the_schema_says_a_file_does(schema: dict[str, Any], value: Any) -> None:
    checked = CompiledSchema(with_references(schema))

    assert takes_files(schema)
    assert checked.is_valid(value)
    assert set(find_references(value)) == {"a1"}


@pytest.mark.parametrize(
    "value", ["/etc/passwd", {"$file": 1}, {"$file": "a", "b": 1}, {"$file": ""}, {}, None]
)
def test_nothing_else_may_stand_there(value: Any) -> None:
    assert not CompiledSchema(with_references({"properties": {"table": PLACE}})).is_valid({"table": value})


def test_a_schema_without_files_is_left_alone() -> None:
    schema = {"properties": {"format": {"type": "string"}, "when": {"format": "date"}}}

    assert not takes_files(schema)
    assert with_references(schema) is schema


def test_what_only_looks_like_a_place_is_data() -> None:
    schema = {"properties": {"a": {"const": dict(PLACE)}, "b": PLACE}}

    assert with_references(schema)["properties"]["a"] == {"const": PLACE}


def test_pointers_lead_to_the_references() -> None:
    value = {"a/b": [{"x": dict(REFERENCE)}, dict(REFERENCE)], "c~": {"$file": "z"}, "d": {"$file": 7}}
    found = find_references(value)

    assert found == {"a1": ["/a~1b/0/x", "/a~1b/1"], "z": ["/c~0"]}
    for file_id, pointers in found.items():
        for pointer in pointers:
            value = with_value(value, pointer, f"at {file_id}")
    assert value == {"a/b": [{"x": "at a1"}, "at a1"], "c~": "at z", "d": {"$file": 7}}
    assert with_value(REFERENCE, "", "whole") == "whole"


def test_a_server_is_given_content_by_reference_or_as_it_is() -> None:
    schema = {"properties": {"image": CONTENT | {"maxLength": 4}}}
    checked = CompiledSchema(with_references(schema))

    assert unfit_for_files(manifest_of(mode="server", input_schema=schema)) == []
    assert all(checked.is_valid({"image": value}) for value in (REFERENCE, "aGk="))
    assert not any(checked.is_valid({"image": value}) for value in ("aGkhaGkh", {"$file": 1}, 7))
    mixed = {"properties": {"image": CONTENT, "table": PLACE}}
    assert unfit_for_files(manifest_of(mode="server", input_schema=mixed)) != []


def test_only_oneshot_plugins_take_paths() -> None:
    schema = {"properties": {"table": PLACE}}

    assert unfit_for_files(manifest_of(input_schema=schema)) == []
    assert unfit_for_files(manifest_of(mode="server")) == []
    [violation] = unfit_for_files(manifest_of(mode="server", input_schema=schema))
    assert violation.pointer == "/input_schema"
