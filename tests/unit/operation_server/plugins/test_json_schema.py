"""Schemas of plugins: what is refused, and where input breaks them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operation_server.plugins.json_schema import InputValidator, depth_of, schema_violations


def test_each_violation_has_an_escaped_pointer_below_its_place() -> None:
    schema = {"properties": {"a/b": {"type": "integer"}, "c~d": {"items": {"minimum": 1}}}, "required": ["e"]}

    found = InputValidator(schema).violations({"a/b": "x", "c~d": [1, 0]}, at="/jobs/3/input_data")

    assert sorted(violation.pointer for violation in found) == [
        "/jobs/3/input_data",
        "/jobs/3/input_data/a~1b",
        "/jobs/3/input_data/c~0d/1",
    ]


def test_at_most_a_hundred_are_told() -> None:
    validator = InputValidator({"items": {"type": "integer"}})

    assert len(validator.violations(["x"] * 1000)) == 100


@pytest.mark.parametrize(
    "ref", ["https://example.com/x.json", "file:///etc/passwd", "other.json", "#/$defs/none"]
)
def test_references_that_lead_outside_or_nowhere_are_refused(ref: str) -> None:
    assert [violation.pointer for violation in schema_violations("input_schema", {"$ref": ref})]


def test_a_pattern_that_backtracks_for_ever_ends() -> None:
    validator = InputValidator({"pattern": "^(a|a)*(?!b)$"})

    assert validator.violations("a" * 60 + "c")


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
