"""The ranges of the numbers that users state, each under one name, so that all doors have the same.

In a JSON body neither `true` nor `"4"` is a number, and there is no NaN and no Infinity. A whole number may
be written `4.0`, because JSON does not tell the two apart; `4.5` is refused, never rounded.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

LARGEST_ID = 2**53 - 1
"""Beyond it programs that read JSON numbers as doubles, browsers first, take one number for another."""
LARGEST_MIB = 16 * 1024 * 1024
DAY_S = 86_400
LARGEST_MEASURE = 1e300
"""Of what was measured, in whatever unit: two of them can be added."""
SMALLEST_SHARE = 0.01
"""Of a CPU or a card; below that a plugin gets nothing done, and shares are told apart to 0.001."""


def _refuse_other_types(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise PydanticCustomError("number_type", "must be a number")
    return value


def _at_most_three_decimals(value: float) -> float:
    if round(value, 3) != value:
        raise PydanticCustomError(
            "too_many_decimals", "must have at most three decimals", {"instead": round(value, 3)}
        )
    return value


def _share_or_whole_cards(value: float) -> float:
    if 0 < value < SMALLEST_SHARE:
        raise PydanticCustomError(
            "share_too_small", f"must be 0, or at least {SMALLEST_SHARE}", {"instead": SMALLEST_SHARE}
        )
    if value > 1 and value != int(value):
        raise PydanticCustomError(
            "part_of_cards", "must be a whole number of cards above 1", {"instead": int(value) + 1}
        )
    return value


NUMBER = BeforeValidator(_refuse_other_types)
DECIMALS = AfterValidator(_at_most_three_decimals)


Id = Annotated[int, Field(ge=1, le=LARGEST_ID), NUMBER]
Priority = Annotated[int, Field(ge=0, le=9), NUMBER]
MaxRunning = Annotated[int, Field(ge=1, le=1_000_000), NUMBER]
MaxRetries = Annotated[int, Field(ge=0, le=100), NUMBER]
BatchSize = Annotated[int, Field(ge=1, le=4_096), NUMBER]
Spares = Annotated[int, Field(ge=0, le=64), NUMBER]
Replicas = Annotated[int, Field(ge=1, le=64), NUMBER]

Cpus = Annotated[float, Field(ge=SMALLEST_SHARE, le=256, allow_inf_nan=False), NUMBER, DECIMALS]
Gpus = Annotated[
    float, Field(ge=0, le=64, allow_inf_nan=False), NUMBER, DECIMALS, AfterValidator(_share_or_whole_cards)
]
MemoryMib = Annotated[int, Field(ge=16, le=LARGEST_MIB), NUMBER]
WritableMib = Annotated[int, Field(ge=1, le=1_048_576), NUMBER]
GpuMemoryMib = Annotated[int, Field(ge=0, le=LARGEST_MIB), NUMBER]

Measure = Annotated[float, Field(ge=-LARGEST_MEASURE, le=LARGEST_MEASURE, allow_inf_nan=False), NUMBER]
Tolerance = Annotated[float, Field(ge=0, le=LARGEST_MEASURE, allow_inf_nan=False), NUMBER]

Runs = Annotated[int, Field(ge=0, le=1_000_000), NUMBER]
TookS = Annotated[float, Field(ge=0, le=366 * DAY_S, allow_inf_nan=False), NUMBER]
TimeoutS = Annotated[float, Field(ge=0.01, le=7 * DAY_S, allow_inf_nan=False), NUMBER]
QueueTtlS = Annotated[float, Field(ge=0.01, le=366 * DAY_S, allow_inf_nan=False), NUMBER]
RetryDelayS = Annotated[float, Field(ge=0, le=DAY_S, allow_inf_nan=False), NUMBER]
RetryFactor = Annotated[float, Field(ge=1, le=10, allow_inf_nan=False), NUMBER]
BatchWaitMs = Annotated[float, Field(ge=0, le=60_000, allow_inf_nan=False), NUMBER]


def within_ranges(stored: Mapping[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return `stored` with the numbers that `error` complains of drawn to the nearest end of their range."""
    mended = copy.deepcopy(dict(stored))
    for fault in error.errors(include_url=False, include_input=False):
        nearest = [fault["ctx"][key] for key in ("ge", "le", "instead") if key in fault.get("ctx", {})]
        if nearest:
            *path, last = fault["loc"]
            part: Any = mended
            for key in path:
                part = part[key]
            part[last] = nearest[0]
    return mended
