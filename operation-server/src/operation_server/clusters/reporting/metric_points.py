"""How the text of a `metrics.json` becomes series of values. Pure, and forgiving of what people write there.

Taken are an object of numbers (one value each; `step` or `epoch` says of when), an object of lists of numbers
(whole series), and a list of such objects of numbers. Inner objects are named `outer.inner`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from satellite.contracts.json_text import JSONRefused, parse_json

SERIES_MAX: Final = 200
POINTS_MAX: Final = 5_000
"""Of a series; beyond it every other one of the older half goes."""
NAME_MAX: Final = 200
LEVELS_MAX: Final = 3
STEPS: Final = ("step", "global_step", "epoch", "iteration")

Point = list[float]
"""Step, value, seconds since 1970."""
Series = Mapping[str, Sequence[Point]]


def points_of(text: str, before: Series, *, at_s: float) -> dict[str, list[Point]]:
    """Return the series that a snapshot makes of those of before; none of a text that is no JSON."""
    try:
        document = parse_json(text.encode(), bytes_max=None)
    except JSONRefused:
        return {}
    found: dict[str, list[Point]] = {}
    for name, step, value in _values(document, before):
        if name in found or len(found) < SERIES_MAX:
            found.setdefault(name, [list(point) for point in before.get(name, [])]).append(
                [step, value, at_s]
            )
    return {name: _thinned(_by_step(points)) for name, points in found.items()}


def _values(document: Any, before: Series) -> Iterator[tuple[str, float, float]]:
    if isinstance(document, list):
        for index, each in enumerate(document):
            yield from _of_moment(each, default=index)
    elif isinstance(document, dict):
        for name, value in _flat(document):
            if isinstance(value, list):
                yield from ((name, index, each) for index, each in enumerate(value) if _is_number(each))
        yield from _of_moment({n: v for n, v in document.items() if not isinstance(v, list)}, before=before)


def _of_moment(
    document: Any, *, default: int | None = None, before: Series | None = None
) -> Iterator[tuple[str, float, float]]:
    """Yield the numbers of one moment, which says its own step or is the next one."""
    if not isinstance(document, dict):
        return
    stated = next((document[key] for key in STEPS if _is_number(document.get(key))), default)
    for name, value in _flat(document):
        if not _is_number(value) or name in STEPS:
            continue
        if stated is not None:
            yield name, stated, value
        elif not (known := (before or {}).get(name)):
            yield name, 0, value
        elif known[-1][1] != value:
            yield name, known[-1][0] + 1, value


def _flat(document: Mapping[str, Any], prefix: str = "", level: int = 1) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        name = f"{prefix}{key}"[:NAME_MAX]
        if isinstance(value, dict) and level < LEVELS_MAX:
            yield from _flat(value, f"{name}.", level + 1)
        else:
            yield name, value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _by_step(points: Sequence[Point]) -> list[Point]:
    """Return one point for each step, by step: the first time that its value was seen."""
    by_step: dict[float, Point] = {}
    for point in points:
        known = by_step.get(point[0])
        if known is None or known[1] != point[1]:
            by_step[point[0]] = point
    return [by_step[step] for step in sorted(by_step)]


def _thinned(points: list[Point]) -> list[Point]:
    while len(points) > POINTS_MAX:
        half = len(points) // 2
        points = points[:half:2] + points[half:]
    return points
