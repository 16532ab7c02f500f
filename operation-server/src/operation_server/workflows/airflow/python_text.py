"""Values and calls as text of Python, in the form that `ruff format` leaves as it is, whatever is in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Final

TAB: Final = "    "
QUOTES: Final = '"""'
ENDING_QUOTES: Final = re.compile(r'"""|"\Z')
"""What would end a text between triple quotes, or run into its end."""


def literal(value: Any, *, depth: int = 0) -> str:
    """Return the text of a value of JSON, whose further lines stand `depth` levels in."""
    if isinstance(value, dict):
        pairs = (f"{text_literal(key)}: {literal(of, depth=depth + 1)}" for key, of in value.items())
        return bracketed("{", pairs, "}", depth=depth)
    if isinstance(value, list):
        return bracketed("[", (literal(each, depth=depth + 1) for each in value), "]", depth=depth)
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    # Python writes 1e+16 and a formatter 1e16.
    return repr(value).replace("e+", "e")


def call(name: str, arguments: Iterable[str], *, depth: int = 0) -> str:
    """Return a call with each argument on a line of its own."""
    return bracketed(f"{name}(", arguments, ")", depth=depth)


def bracketed(opening: str, items: Iterable[str], closing: str, *, depth: int) -> str:
    """Return items between brackets, each on a line of its own with a comma, or the empty brackets."""
    lines = "".join(f"{TAB * (depth + 1)}{item},\n" for item in items)
    return f"{opening}\n{lines}{TAB * depth}{closing}" if lines else opening + closing


def text_literal(text: str) -> str:
    """Return a text in quotes, on one line."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + _visible(text).replace(quote, f"\\{quote}") + quote


def code_literal(code: str) -> str:
    """Return a text of several lines between triple quotes, each line as it was written."""
    lines = "\n".join("\t".join(map(_visible, line.split("\t"))) for line in code.split("\n"))
    return f"{QUOTES}\\\n{ENDING_QUOTES.sub(_escaped, lines)}{QUOTES}"


def _escaped(quotes: re.Match[str]) -> str:
    return quotes[0].replace('"', r"\"")


def _visible(text: str) -> str:
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(each if each.isprintable() and each != "\\" else repr(each)[1:-1] for each in text)
