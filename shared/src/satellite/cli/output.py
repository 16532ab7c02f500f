"""What commands write: tables and sentences for people, one JSON document for programs.

All of it passes here, because plugins and other users have a say in it, and terminals obey what they show.
"""

from __future__ import annotations

import codecs
import io
import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from satellite.cli.exit_codes import ExitCode
from satellite.visible_text import make_log_visible, make_visible

AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


OTHERWISE = "satellite.otherwise"
ORNAMENTS = {"✓": "+", "•": "*", "·": "-", "→": "->", "█": "#", "…": "..."}
"""What our own signs are where the output has no room for them."""


def prepare_output() -> None:
    """Let no output fail because the terminal or pipe takes less than Unicode; safe to repeat."""
    codecs.register_error(OTHERWISE, _write_otherwise)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=OTHERWISE)


def print_line(text: str, *, to_stderr: bool = False) -> None:
    """Print one line for people."""
    print(make_visible(text, keep="\t"), file=sys.stderr if to_stderr else sys.stdout, flush=True)


def print_log(text: str) -> None:
    """Print the lines of a log."""
    if text:
        print(make_log_visible(text).removesuffix("\n"), flush=True)


def print_json(document: Any) -> None:
    """Print a document: indented on a terminal, in one line elsewhere."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    print(_json_text(document, indent=2 if is_terminal else None), flush=True)


def print_json_line(document: Any) -> None:
    """Print one line of a stream."""
    print(_json_text(document), flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows for people."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if cell is None else make_visible(str(cell))) for cell in row))
    Console().print(table)


def print_fields(fields: Sequence[tuple[str, Any]]) -> None:
    """Print named values, one a line, without those that are None."""
    shown = [(name, value) for name, value in fields if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        text = value if isinstance(value, str) else _json_text(value)
        print_line(f"{name:<{width}}  {text}")


def print_error(message: str, *, code: str, exit_code: ExitCode, as_json: bool) -> None:
    """Print an error on stderr: one sentence, or one JSON object."""
    if as_json:
        document = {"error": {"code": code, "message": message, "exit_code": int(exit_code)}}
        print(_json_text(document), file=sys.stderr, flush=True)
    else:
        print_line(" ".join(message.split()), to_stderr=True)


def _json_text(document: Any, *, indent: int | None = None) -> str:
    # JSON is UTF-8 or plain ASCII, whatever a terminal's locale says.
    is_utf8 = all(_takes_utf8(stream) for stream in (sys.stdout, sys.stderr))
    text = json.dumps(document, indent=indent, default=str, ensure_ascii=not is_utf8)
    return make_visible(text, keep="\n")


def _takes_utf8(stream: Any) -> bool:
    # A closed output has no encoding.
    return codecs.lookup(getattr(stream, "encoding", None) or "ascii").name == "utf-8"


def _write_otherwise(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(ORNAMENTS.get(each, ascii(each)[1:-1]) for each in characters), error.end
