"""Inputs near an example differ from it in one place, and are those that the schema allows."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_server.authoring.neighbours import LENGTH_MAX, TEXTS, neighbours, pick_neighbours
from satellite.schemas.compiled import CompiledSchema


def differences(one: Any, other: Any) -> int:
    """Count the places in which two values of one shape differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(
            differences(one[key], other[key]) if key in one and key in other else 1
            for key in {*one, *other}
        )  # fmt: skip
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return sum(map(differences, one, other))
    return int(one != other)


def test_each_differs_in_one_place() -> None:
    example = {"text": "a", "rows": [{"n": 1, "x": 2.5}, {"n": 3, "x": 4.5}], "flag": True, "none": None}

    found = list(neighbours(example))

    assert {differences(example, value) for value in found} == {
        0,
        1,
    }  # 0 where a neighbour happens to be the same
    assert {**example, "flag": False} in found
    assert {**example, "rows": []} in found
    assert all({**example, "text": text} in found for text in TEXTS)
    assert max(len(value.get("rows", [])) for value in found) == LENGTH_MAX


def test_those_that_are_picked_keep_the_schema_and_are_the_same_each_time() -> None:
    schema = CompiledSchema({"properties": {"n": {"minimum": 0}}, "required": ["n"]})

    def pick(count: int, seed: int = 1) -> list[Any]:
        return pick_neighbours([{"n": 5}], count=count, seed=seed, is_valid=schema.is_valid)

    assert sorted(value["n"] for value in pick(100)) == [0, 1, 2**31, 2**53]
    assert pick(2) == pick(2)
    assert len(pick(2)) == 2


@pytest.mark.parametrize("value", [None, [], {}])
def test_what_holds_nothing_has_none(value: Any) -> None:
    assert list(neighbours(value)) == []
