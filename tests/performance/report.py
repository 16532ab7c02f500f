"""Tells figures to people as a table and to programs as JSON."""

from __future__ import annotations

import json
import os
import platform as machine
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.performance.figure import Figure


def report(figures: list[Figure], file: Path) -> None:
    """Print the figures as a table and write them as JSON."""
    table = Table("Figure", "Value", "Floor", "Ratio", "Target", title="Satellite bench")
    for figure in figures:
        table.add_row(*figure.row())
    Console(width=150).print(table)
    file.parent.mkdir(exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine.platform(),
        "processors": os.cpu_count(),
        "figures": [figure.as_dict() for figure in figures],
    }
    file.write_text(json.dumps(document, indent=2) + "\n")
