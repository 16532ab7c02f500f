"""A table as the input gives it: CSV text, or columns and rows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from satellite.plugin import InputRefused


@dataclass(frozen=True)
class Table:
    """Names of columns, and rows that are all as long as there are columns."""

    columns: list[str]
    rows: list[list[Any]]


def read_table(request: dict[str, Any]) -> Table:
    """Return the table in the input.

    Raises:
        InputRefused: there is no header, a name stands twice, or a row is longer than the header.
    """
    header, rows = _read_csv(request["csv"]) if "csv" in request else (request["columns"], request["rows"])
    columns = read_header(header)
    return Table(columns, [fit_row(row, len(columns), number) for number, row in enumerate(rows, start=1)])


def read_header(header: list[Any]) -> list[str]:
    """Return the names of the columns.

    Raises:
        InputRefused: there are none, or a name stands twice.
    """
    columns = [str(name).strip() for name in header]
    if not columns:
        raise InputRefused("the table has no header")
    twice = [name for name in columns if columns.count(name) > 1]
    if twice:
        raise InputRefused(f"column {twice[0]!r} stands in the header twice")
    return columns


def fit_row(row: list[Any], width: int, number: int) -> list[Any]:
    """Return a row filled up with missing values.

    Raises:
        InputRefused: it is longer than the header.
    """
    if len(row) > width:
        raise InputRefused(f"row {number} has {len(row)} cells, the header has {width}")
    return [*row, *[None] * (width - len(row))]


def _read_csv(text: str) -> tuple[list[str], list[list[Any]]]:
    try:
        lines = [line for line in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise InputRefused(f"the text is not CSV: {error}") from None
    return (lines[0], [*lines[1:]]) if lines else ([], [])
