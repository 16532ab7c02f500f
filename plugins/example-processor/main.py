"""Cleans a table and describes its columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleaning import clean
from column_statistics import describe
from file_table import clean_file
from table import read_table

from satellite.plugin import output_dir, plugin, report_progress, run

CLEANED = "cleaned.csv"
"""What a table that came as a file becomes."""


@plugin
def process(request: dict[str, Any]) -> dict[str, Any]:
    """Return the cleaned table, or write it where it is a file; statistics, and what was done."""
    report_progress(0, "reading the table")
    if "table" in request:
        target = output_dir() / CLEANED
        told = clean_file(
            Path(request["table"]), target, drop_incomplete=request.get("drop_incomplete", False)
        )
        return {**told, "artifact": CLEANED}
    table = read_table(request)
    report_progress(0.2, f"cleaning {len(table.rows)} rows")
    cleaned = clean(
        table,
        drop_duplicates=request.get("drop_duplicates", True),
        drop_incomplete=request.get("drop_incomplete", False),
    )
    told = {}
    for place, (name, kind) in enumerate(zip(table.columns, cleaned.types, strict=True)):
        report_progress(0.5 + 0.5 * place / len(table.columns), f"describing {name}")
        told[name] = describe(kind, [row[place] for row in cleaned.table.rows])
    report_progress(1, "done")
    return {
        "columns": cleaned.table.columns,
        "rows": cleaned.table.rows,
        "statistics": told,
        "report": cleaned.report,
    }


if __name__ == "__main__":
    run(process)
