"""Cleans a table: trims text, finds each column's type, marks missing values, drops duplicates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from table import Table

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})
TRUTH_WORDS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class CleanTable:
    """A cleaned table, the type of each column, and what was done to it."""

    table: Table
    types: list[str]
    report: dict[str, int]


def clean(table: Table, *, drop_duplicates: bool, drop_incomplete: bool) -> CleanTable:
    """Return the table cleaned."""
    trimmed = [[_trim(cell) for cell in row] for row in table.rows]
    trimmed_cells = sum(
        before != after
        for old, new in zip(table.rows, trimmed, strict=True)
        for before, after in zip(old, new, strict=True)
        if isinstance(before, str) and after is not None
    )
    columns = [coerce([row[place] for row in trimmed]) for place in range(len(table.columns))]
    rows = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
    distinct = _without_duplicates(rows) if drop_duplicates else rows
    kept = [row for row in distinct if None not in row] if drop_incomplete else distinct
    return CleanTable(
        table=Table(table.columns, kept),
        types=[kind for kind, _ in columns],
        report={
            "rows_in": len(table.rows),
            "rows_out": len(kept),
            "duplicates_dropped": len(rows) - len(distinct),
            "incomplete_dropped": len(distinct) - len(kept),
            "cells_trimmed": trimmed_cells,
            "cells_missing": sum(cell is None for row in kept for cell in row),
        },
    )


def coerce(cells: list[Any]) -> tuple[str, list[Any]]:
    """Return the narrowest type that fits every value of a column, and the values in that type."""
    for kind, read in (("boolean", read_boolean), ("integer", read_integer), ("number", read_number)):
        try:
            values = [None if cell is None else read(cell) for cell in cells]
        except ValueError:
            continue
        if any(value is not None for value in values):
            return kind, values
    return "text", [None if cell is None else str(cell) for cell in cells]


def _trim(cell: Any) -> Any:
    """Return text without outer and doubled spaces, and None for every way of writing "missing"."""
    if not isinstance(cell, str):
        return cell
    text = " ".join(cell.split())
    return None if text.lower() in MISSING_WORDS else text


def read_boolean(cell: Any) -> bool:
    """Return a cell as a boolean; raise `ValueError` if it is none."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, str) and cell.lower() in TRUTH_WORDS:
        return TRUTH_WORDS[cell.lower()]
    raise ValueError(cell)


def read_integer(cell: Any) -> int:
    """Return a cell as a whole number; raise `ValueError` if it is none."""
    number = read_number(cell)
    # Codes such as 007 are text: as numbers they would lose their zeros.
    if number != int(number) or (isinstance(cell, str) and "." in cell):
        raise ValueError(cell)
    return int(cell)


def read_number(cell: Any) -> float:
    """Return a cell as a number; raise `ValueError` if it is none."""
    if isinstance(cell, bool):
        raise ValueError(cell)  # noqa: TRY004 - the callers ask for values, whatever their type.
    text = str(cell)
    if "_" in text or (text.lstrip("+-").startswith("0") and text.lstrip("+-")[1:2].isdigit()):
        raise ValueError(cell)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(cell)
    return number


def _without_duplicates(rows: list[list[Any]]) -> list[list[Any]]:
    """Keep the first of equal rows."""
    # The type is part of the key, because True equals 1.
    first: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        first.setdefault(tuple((type(cell), cell) for cell in row), row)
    return list(first.values())
