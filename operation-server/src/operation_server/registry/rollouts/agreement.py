"""Whether two answers are the same, within a tolerance."""

from __future__ import annotations

from typing import Any


def agree(wanted: Any, given: Any, *, tolerance: float) -> bool:
    """Tell whether two JSON values are the same but for numbers that differ by at most the tolerance.

    It is relative above 1 and absolute below, so that one fits large and vanishing numbers.
    """
    if _is_number(wanted) and _is_number(given):
        scale = max(1.0, abs(wanted), abs(given))
        return bool(abs(wanted - given) <= tolerance * scale)
    if isinstance(wanted, dict) and isinstance(given, dict):
        return wanted.keys() == given.keys() and all(
            agree(wanted[key], given[key], tolerance=tolerance) for key in wanted
        )
    if isinstance(wanted, list) and isinstance(given, list):
        return len(wanted) == len(given) and all(
            agree(one, other, tolerance=tolerance) for one, other in zip(wanted, given, strict=True)
        )
    return type(wanted) is type(given) and bool(wanted == given)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
