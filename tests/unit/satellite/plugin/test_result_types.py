"""What a plugin's function may return."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, ClassVar

import pytest

from satellite.plugin.errors import OutputUnfit
from satellite.plugin.framing import encode


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 2


@dataclass
class Sub:
    made: ClassVar[int] = 7
    day: dt.date
    colours: dict[Colour, Any]
    seed: dataclasses.InitVar[int] = 0


class Scalar:
    """Does as numpy's values do."""

    def tolist(self) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({Colour.RED: Colour.RED, Level.HIGH: Level.HIGH}, {"red": "red", "2": 2}),
        ([Sub(dt.date(2026, 11, 25), {Colour.RED: Scalar()})],
         [{"day": "2026-11-25", "colours": {"red": 0.5}}]),
        ((1, "a", None), [1, "a", None]),
        (dt.datetime(2026, 11, 25, tzinfo=dt.UTC), "2026-11-25T00:00:00+00:00"),
    ],
)  # fmt: skip
def test_values_are_written_as_what_they_hold(value: Any, expected: Any) -> None:
    assert json.loads(encode(value)) == expected


@pytest.mark.parametrize("value", [{1, 2}, {(1, 2): 3}, b"bytes", float("nan"), "\ud800", Colour])
def test_what_json_cannot_express_is_named(value: Any) -> None:
    with pytest.raises(OutputUnfit, match="cannot be written as JSON"):
        encode(value)
