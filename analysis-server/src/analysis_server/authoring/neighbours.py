"""Inputs near an example: like it, but for one place that holds what authors tend to forget."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

TEXTS: Final = ("", " ", "0", "NaN", "null", "Grüße, 漢字 🛰", 'a"b\\c\nd\te', "x" * 10_000)
INTEGERS: Final = (0, 1, -1, 2**31, -(2**31), 2**53)
NUMBERS: Final = (0.0, -0.0, 0.5, -1.5, 1e-308, 1e308)
INSTEAD: Final[dict[type, Sequence[Any]]] = {str: TEXTS, int: INTEGERS, float: NUMBERS}
ITEMS_MAX: Final = 20
"""Of a longer list only the first are varied, or one example would have more neighbours than can be run."""
LENGTH_MAX: Final = 1_000
CANDIDATES_MAX: Final = 5_000


def pick_neighbours(
    examples: Sequence[Any], *, count: int, seed: int, is_valid: Callable[[Any], bool]
) -> list[Any]:
    """Return up to `count` distinct valid inputs near the examples, the same for the same seed."""
    known = {json.dumps(example) for example in examples}
    found: dict[str, Any] = {}
    for example in examples:
        for value in islice(neighbours(example), CANDIDATES_MAX):
            text = json.dumps(value)
            if text not in known and text not in found and is_valid(value):
                found[text] = value
    values = list(found.values())
    return random.Random(seed).sample(  # noqa: S311 - nothing is secret about them
        values, min(count, len(values))
    )


def neighbours(value: Any) -> Iterator[Any]:
    """Yield what differs from a JSON value in one place."""
    yield from _instead_of(value)
    if isinstance(value, dict):
        for key, child in value.items():
            yield {name: other for name, other in value.items() if name != key}
            for other in neighbours(child):
                yield {**value, key: other}
    elif isinstance(value, list):
        for place, child in enumerate(value[:ITEMS_MAX]):
            for other in neighbours(child):
                yield [*value[:place], other, *value[place + 1 :]]


def _instead_of(value: Any) -> Sequence[Any]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, list) and value:
        return ([], value[:1], (value * (LENGTH_MAX // len(value) + 1))[:LENGTH_MAX])
    return INSTEAD.get(type(value), ())
