"""Statistics of one cleaned column."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

MOST_COMMON = 5


def describe(kind: str, cells: list[Any]) -> dict[str, Any]:
    """Return counts for every column, and what fits its type: a distribution or the most common values."""
    values = [cell for cell in cells if cell is not None]
    told: dict[str, Any] = {
        "type": kind,
        "count": len(values),
        "missing": len(cells) - len(values),
        "distinct": len(set(values)),
    }
    if not values:
        return told
    return {
        **told,
        **(_describe_numbers(values) if kind in {"integer", "number"} else _describe_words(values)),
    }


def _describe_numbers(values: list[float]) -> dict[str, Any]:
    return {
        "minimum": min(values),
        "maximum": max(values),
        "mean": round(statistics.fmean(values), 6),
        "median": statistics.median(values),
        "standard_deviation": round(statistics.stdev(values), 6) if len(values) > 1 else None,
    }


def _describe_words(values: list[Any]) -> dict[str, Any]:
    common = Counter(values).most_common(MOST_COMMON)
    return {"most_common": [{"value": value, "count": count} for value, count in common]}
