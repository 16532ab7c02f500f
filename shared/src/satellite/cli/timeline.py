"""A job's phases as bars of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satellite.contracts.phases import PHASES

WIDTH = 48
EIGHTHS = " ▏▎▍▌▋▊▉█"


def timeline_lines(timings: Mapping[str, Any]) -> list[str]:
    """Return a line for each phase, its bar placed and as long as it lies and lasts within the total."""
    total = float(timings.get("total") or 0)
    start = timings.get("start")
    lines = [f"timings     {_duration(total)} in all" + (f", {start} start" if start else "")]
    began = 0.0
    for phase in PHASES:
        lasted = float(timings.get(phase) or 0)
        bar = _bar(began, lasted, total)
        lines.append(f"  {phase:<10}{_duration(lasted):>10}  {bar}".rstrip())
        began += lasted
    return lines


def _bar(began: float, lasted: float, total: float) -> str:
    if not lasted or not total:
        return ""
    first = min(WIDTH - 1, int(began / total * WIDTH))
    eighths = max(1, round(lasted / total * WIDTH * 8))
    full, rest = divmod(min(eighths, (WIDTH - first) * 8), 8)
    return " " * first + "█" * full + EIGHTHS[rest].strip()


def _duration(milliseconds: float) -> str:
    if milliseconds < 1_000:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1_000:.2f} s"
    minutes, seconds = divmod(round(milliseconds / 1_000), 60)
    return f"{minutes} min {seconds} s"
