"""The number of the attempt is in the input wherever the schema asks for it, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from satellite.contracts.attempt_number import with_attempt
from satellite.contracts.json_text import parse_json

ASKS = {"properties": {"attempt": {"format": "satellite-attempt"}, "code": {"type": "string"}}}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{}", {"attempt": 3}),
        (' { "code" : "x" } ', {"code": "x", "attempt": 3}),
        ('{"attempt": 1, "code": "x"}', {"attempt": 3, "code": "x"}),
        ('{"code": {"attempt": 1}}', {"code": {"attempt": 1}, "attempt": 3}),
        ('{"code": "\\"attempt\\": 1}"}', {"code": '"attempt": 1}', "attempt": 3}),
        ("[1]", [1]),
        ("null", None),
    ],
)
def test_it_is_written_where_the_schema_asks_for_it(given: str, told: Any) -> None:
    assert parse_json(with_attempt(given.encode(), ASKS, 3)) == told


@pytest.mark.parametrize(
    "schema", [{}, {"properties": {"attempt": True}}, {"properties": {"a": {"format": "date"}}}]
)
def test_other_inputs_stay_as_they_are_to_the_byte(schema: dict[str, Any]) -> None:
    given = b' {"attempt" :1}\n'

    assert with_attempt(given, schema, 3) is given


def test_what_is_around_it_is_not_read() -> None:
    """A number of more digits than any float has would change if it were."""
    given = '{"n": 1.00000000000000000000000001}'

    assert with_attempt(given.encode(), ASKS, 12).decode() == given[:-1] + ',"attempt":12}'
    assert json.loads(with_attempt(given.encode(), ASKS, 12))["attempt"] == 12
