"""Tables of Markdown, whose cells hold any text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table and an empty line, or nothing where there are no rows."""
    lines = [f"| {' | '.join(cell(each) for each in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, "", ""])


def cell(text: str) -> str:
    """Return a text as one line that ends no cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return a text as code, whatever stands in it; nothing is nothing."""
    return f"`{text}`" if text else ""
