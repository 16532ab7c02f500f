"""Input checked by small schemas, which needs no other process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operation_server.plugins.errors import PluginUnusable
from operation_server.plugins.json_schema import InputValidator, SchemaChecks, depth_of
from operation_server.problems import Violation
from satellite.contracts.json_text import write_json


@pytest.fixture
async def checks() -> AsyncIterator[SchemaChecks]:
    checks = SchemaChecks()
    yield checks
    checks.close()


async def validator(checks: SchemaChecks, schema: dict[str, Any]) -> InputValidator:
    return await checks.validator("adder 1.0.0", str(schema), schema)


async def violations(checked: InputValidator, value: Any, *, at: str = "") -> list[Violation]:
    return await checked.violations(value, write_json(value), at=at)


async def test_each_violation_has_an_escaped_pointer_below_its_place(checks: SchemaChecks) -> None:
    schema = {"properties": {"a/b": {"type": "integer"}, "c~d": {"items": {"minimum": 1}}}, "required": ["e"]}

    checked = await validator(checks, schema)
    found = await violations(checked, {"a/b": "x", "c~d": [1, 0]}, at="/jobs/3/input_data")

    assert sorted(violation.pointer for violation in found) == [
        "/jobs/3/input_data",
        "/jobs/3/input_data/a~1b",
        "/jobs/3/input_data/c~0d/1",
    ]


async def test_at_most_a_hundred_are_told(checks: SchemaChecks) -> None:
    checked = await validator(checks, {"items": {"type": "integer"}})

    assert len(await violations(checked, ["x"] * 500)) == 100


@pytest.mark.parametrize("draft", ["04", "06", "07", None])
async def test_formats_are_asserted_in_every_draft(checks: SchemaChecks, draft: str | None) -> None:
    named = {} if draft is None else {"$schema": f"http://json-schema.org/draft-{draft}/schema#"}

    dated = await validator(checks, {**named, "format": "date-time"})
    unknown = await validator(checks, {**named, "format": "colour"})

    assert await violations(dated, "yesterday")
    assert not await violations(dated, "2026-11-25T10:00:00Z")
    assert not await violations(unknown, "yesterday")


async def test_a_schema_that_an_older_release_took_is_named(checks: SchemaChecks) -> None:
    checked = await validator(checks, {"items": {"$ref": "#/items"}})

    with pytest.raises(PluginUnusable, match=r"adder 1\.0\.0 cannot be used: /items refers back to itself"):
        await violations(checked, [1])


async def test_a_schema_that_grows_when_written_is_refused_with_its_place(checks: SchemaChecks) -> None:
    # In the manifest it was half a megabyte at most, each number four characters long.
    found = await checks.find_violations("input_schema", {"enum": [1e15] * 100_000})

    assert [violation.pointer for violation in found] == ["/input_schema"]
    assert "262144 bytes" in found[0].message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
)


@given(JSON)
def test_depth_is_that_of_the_deepest_branch(value: Any) -> None:
    def depth(part: Any) -> int:
        children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        below = [depth(child) for child in children]
        return 1 + max(below) if below else 0

    assert depth_of(value) == depth(value)
