"""Definitions of workflows as text: what is written is read as the same, and only what JSON has is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satellite.authoring.workflow_text import WorkflowUnreadable, read_definition, write_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.from_regex(
    r"\A([ \t]{0,2}[#:a-z0-9$\"'{}|>&*!%@-]{0,6}[ \t]?\n?){0,6}\Z"
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(TEXTS, parts, max_size=4),
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
@example({"code": "def f():\n\treturn 1\n"})
@example({"code": "print(1)\n\n\n"})
@example({"code": "a \nb"})
@example({"when": "yes", "at": "2026-01-02", "cron": "12:30", "0": "0x1f", "n": "~", "e": "1e5", "t": "true"})
def test_what_is_written_is_read_as_the_same(document: dict[str, Any]) -> None:
    text = write_yaml(document)
    assert read_definition(text, "workflow.yaml") == document
    assert write_yaml(read_definition(text, "workflow.yaml")) == text


def test_code_is_lines() -> None:
    written = write_yaml({"python_callable": "import os\n\nprint(os)\n"})
    assert written == "python_callable: |\n  import os\n\n  print(os)\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("2026-01-02", "2026-01-02"),
        ("12:30", "12:30"),
        ("017", "017"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("${{ results.a.b }}", "${{ results.a.b }}"),
        ("1.5e3", 1500.0),
        ("-7", -7),
        ("true", True),
        ("", None),
    ],
)
def test_only_what_json_has_is_no_text(text: str, value: Any) -> None:
    read = read_definition(f"a: {text}", "workflow.yaml")["a"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "in line 3: the key 'a' is there twice"),
        ("a:\n  1: x", "in line 2: the key 1 is no text"),
        ("a: [1", "in line 1"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: \x07", "is not YAML"),
    ],
)
def test_what_is_no_yaml_is_told_by_its_line(text: str, told: str) -> None:
    with pytest.raises(WorkflowUnreadable) as refused:
        read_definition(text, "workflow.yaml")
    assert told in str(refused.value)
