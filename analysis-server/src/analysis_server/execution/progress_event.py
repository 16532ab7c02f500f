"""What is told of the progress of a run: words for people, and numbers for programs where it tells some."""

from __future__ import annotations

from typing import Any

from satellite.contracts.json_text import JSONRefused, parse_json
from satellite.contracts.numbers import LARGEST_ID


def progress_data(fraction: float, message: str) -> dict[str, Any]:
    """Return the data of an event; a message that is a JSON object of numbers is metrics."""
    metrics = _metrics(message)
    if not metrics:
        return {"fraction": fraction, "message": message}
    words = ", ".join(f"{name} {'nan' if value is None else f'{value:g}'}" for name, value in metrics.items())
    return {"fraction": fraction, "message": words, "metrics": metrics}


def _metrics(message: str) -> dict[str, float | None] | None:
    if not message.startswith("{"):
        return None
    try:
        told = parse_json(message)
    except JSONRefused:
        return None
    return told if all(map(_is_measure, told.values())) else None


def _is_measure(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= LARGEST_ID
    return value is None or isinstance(value, float)
