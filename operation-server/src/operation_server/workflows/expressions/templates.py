"""JSON values with expressions in them: a text `${{ … }}` stands for a value.

A text that is nothing but one expression becomes its value, whatever that is; one that has more in it
becomes a text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.tokens import tokens_of

OPENS: Final = "${{"
CLOSES: Final = "}}"


class Part(NamedTuple):
    """A piece of a text: literal, or an expression."""

    text: str
    is_expression: bool


def render(template: Any, evaluate: Callable[[str], Any]) -> Any:
    """Return a template with its expressions replaced by what `evaluate` makes of them.

    Raises:
        ExpressionFailed: one has no value; the message begins with its JSON pointer.
    """
    return _rendered(template, evaluate, "")


def expressions_in(template: Any) -> Iterator[tuple[str, str]]:
    """Yield the expressions of a template, each after the JSON pointer of its text.

    Raises:
        ExpressionFailed: one is not closed.
    """
    for pointer, text in texts_in(template):
        yield from ((pointer, part.text) for part in parts_of(text) if part.is_expression)


def texts_in(template: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a JSON value that have expressions, each after its JSON pointer; keys have none."""
    if isinstance(template, str):
        if OPENS in template:
            yield pointer, template
    else:
        for step, each in _members(template):
            yield from texts_in(each, f"{pointer}/{step}")


def parts_of(text: str) -> list[Part]:
    """Return a text in pieces.

    Raises:
        ExpressionFailed: an expression is not closed.
    """
    parts, place = [], 0
    while (opens := text.find(OPENS, place)) >= 0:
        closes = _end_of_expression(text, opens + len(OPENS))
        if opens > place:
            parts.append(Part(text[place:opens], is_expression=False))
        parts.append(Part(text[opens + len(OPENS) : closes].strip(), is_expression=True))
        place = closes + len(CLOSES)
    if place < len(text):
        parts.append(Part(text[place:], is_expression=False))
    return parts


def _end_of_expression(text: str, start: int) -> int:
    """Return where the expression ends that begins at `start`: not in its texts, nor at its own braces."""
    depth = 0
    for token in tokens_of(text, start):
        if token.text == "{":
            depth += 1
        elif token.text == "}" and depth:
            depth -= 1
        elif token.text == "}" and text.startswith(CLOSES, token.end - 1):
            return token.end - 1
    raise ExpressionFailed(f"{OPENS} is not closed by {CLOSES}")


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((key.replace("~", "~0").replace("/", "~1"), each) for key, each in value.items())
    elif isinstance(value, list):
        yield from ((str(index), each) for index, each in enumerate(value))


def _rendered(template: Any, evaluate: Callable[[str], Any], pointer: str) -> Any:
    if isinstance(template, str):
        return _rendered_text(template, evaluate, pointer) if OPENS in template else template
    rendered = [_rendered(each, evaluate, f"{pointer}/{step}") for step, each in _members(template)]
    if isinstance(template, dict):
        return dict(zip(template, rendered, strict=True))
    return rendered if isinstance(template, list) else template


def _rendered_text(text: str, evaluate: Callable[[str], Any], pointer: str) -> Any:
    try:
        parts = parts_of(text)
        values = [evaluate(part.text) if part.is_expression else part.text for part in parts]
    except ExpressionFailed as error:
        raise ExpressionFailed(f"{pointer}: {error}") from error
    return values[0] if len(values) == 1 else "".join(_as_text(value) for value in values)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
