"""Cleans a table that is a file, row by row: it may be larger than the memory."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cleaning import MISSING_WORDS, read_boolean, read_integer, read_number
from table import fit_row, read_header

from satellite.plugin import InputRefused, report_progress

TOLD_EVERY = 20_000
READERS = {"boolean": read_boolean, "integer": read_integer, "number": read_number}


class ColumnSummary:
    """What is known of a column so far: which types fit all its values, and how its numbers lie."""

    def __init__(self) -> None:
        """Begin with every type possible."""
        self.kinds = list(READERS)
        self.count = 0
        self.missing = 0
        self._minimum = math.inf
        self._maximum = -math.inf
        self._mean = self._squares = 0.0

    def add(self, cell: str | None) -> None:
        """Take the next cell."""
        if cell is None:
            self.missing += 1
            return
        self.count += 1
        self.kinds = [kind for kind in self.kinds if _fits(READERS[kind], cell)]
        if "number" in self.kinds:
            # Welford's way: the variance without a second look at the values.
            number = float(cell)
            self._minimum, self._maximum = min(self._minimum, number), max(self._maximum, number)
            step = number - self._mean
            self._mean += step / self.count
            self._squares += step * (number - self._mean)

    def describe(self) -> dict[str, Any]:
        """Return the narrowest type that fits, counts, and of numbers where they lie."""
        kind = self.kinds[0] if self.kinds and self.count else "text"
        told: dict[str, Any] = {"type": kind, "count": self.count, "missing": self.missing}
        if kind not in {"integer", "number"}:
            return told
        deviation = math.sqrt(self._squares / (self.count - 1)) if self.count > 1 else None
        return {
            **told,
            "minimum": self._minimum,
            "maximum": self._maximum,
            "mean": round(self._mean, 6),
            "standard_deviation": None if deviation is None else round(deviation, 6),
        }


def clean_file(source: Path, target: Path, *, drop_incomplete: bool) -> dict[str, Any]:
    """Write the cleaned table to `target`, and return its columns, their summaries and what was done.

    Equal rows stay: to know them would need memory for each.

    Raises:
        InputRefused: there is no header, a name stands twice, a row is too long, or it is no CSV.
    """
    report = dict.fromkeys(("rows_in", "rows_out", "duplicates_dropped", "incomplete_dropped"), 0)
    with source.open(newline="", encoding="utf-8") as opened, target.open("w", newline="") as output:
        lines = _lines(csv.reader(opened))
        columns = read_header(next(lines, []))
        summaries = [ColumnSummary() for _ in columns]
        writer = csv.writer(output)
        writer.writerow(columns)
        size = source.stat().st_size
        for number, line in enumerate(lines, start=1):
            cells = [_clean(cell) for cell in fit_row(line, len(columns), number)]
            report["rows_in"] = number
            if drop_incomplete and None in cells:
                report["incomplete_dropped"] += 1
                continue
            for summary, cell in zip(summaries, cells, strict=True):
                summary.add(cell)
            writer.writerow(cells)
            report["rows_out"] += 1
            if number % TOLD_EVERY == 0:
                report_progress(min(1, opened.buffer.tell() / size), f"{number} rows")
    described = {name: summary.describe() for name, summary in zip(columns, summaries, strict=True)}
    return {"columns": columns, "statistics": described, "report": report}


def _lines(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        for line in reader:
            if any(cell.strip() for cell in line):
                yield line
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputRefused(f"the file is not CSV in UTF-8: {error}") from None


def _clean(cell: str | None) -> str | None:
    text = " ".join(cell.split()) if cell else ""
    return None if text.lower() in MISSING_WORDS else text


def _fits(read: Any, cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True
