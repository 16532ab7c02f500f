"""What commands write: tables and sentences for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from satellite.cli.exit_codes import ExitCode

AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def print_json(document: Any) -> None:
    """Print a document: indented on a terminal, in one line elsewhere."""
    indent = 2 if sys.stdout.isatty() else None
    print(json.dumps(document, indent=indent, default=str, ensure_ascii=False), flush=True)


def print_json_line(document: Any) -> None:
    """Print one line of a stream."""
    print(json.dumps(document, default=str, ensure_ascii=False), flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows for people."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    Console().print(table)


def print_fields(fields: Sequence[tuple[str, Any]]) -> None:
    """Print named values, one a line, without those that are None."""
    shown = [(name, value) for name, value in fields if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
        print(f"{name:<{width}}  {text}")


def print_error(message: str, *, code: str, exit_code: ExitCode, as_json: bool) -> None:
    """Print an error on stderr: one sentence, or one JSON object."""
    if as_json:
        document = {"error": {"code": code, "message": message, "exit_code": int(exit_code)}}
        print(json.dumps(document, ensure_ascii=False), file=sys.stderr, flush=True)
    else:
        print(" ".join(message.split()), file=sys.stderr, flush=True)
