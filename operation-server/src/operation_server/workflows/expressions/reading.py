"""What an expression is about: the names it uses, the tasks whose results it reads, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cel

from operation_server.workflows.expressions.reader import Reader, Refused
from operation_server.workflows.expressions.vocabulary import ITEM
from satellite.contracts.workflow import EXPRESSION_CHARS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found in an expression; the rest of it holds only if there is no fault."""

    fault: str | None = None
    names: frozenset[str] = frozenset()
    """Those of the variables that it uses."""
    tasks: frozenset[str] = frozenset()
    is_small: bool = False
    """Whether it costs next to nothing, however large the values are that it reads."""

    @property
    def uses_item(self) -> bool:
        """Whether it is about one of the items that a task runs for."""
        return ITEM in self.names


@lru_cache(4096)
def read(text: str) -> Reading:
    """Return what an expression is about."""
    if len(text.encode(errors="surrogatepass")) > EXPRESSION_CHARS_MAX:
        return Reading(fault=f"is longer than {EXPRESSION_CHARS_MAX} bytes")
    try:
        program = cel.compile(text)
    except ValueError as error:
        return Reading(fault=_in_words(str(error)))
    reader = Reader(text)
    try:
        reader.read(program)
    except Refused as refusal:
        return Reading(fault=str(refusal))
    return Reading(names=frozenset(reader.names), tasks=frozenset(reader.tasks), is_small=reader.is_small)


def _in_words(error: str) -> str:
    """Return the first fault that the library's parser tells, without its drawing of the place."""
    _, _, told = error.partition("ERROR: <input>:")
    place, _, fault = told.partition(": ")
    line, _, column = place.partition(":")
    said = fault.splitlines()[0].partition(" expecting ")[0] if fault else "cannot be read"
    return f"is no expression: {said} (line {line or 1}, column {column or 1})"
