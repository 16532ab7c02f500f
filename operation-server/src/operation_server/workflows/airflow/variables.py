"""The names of Python under which a DAG file keeps the tasks of a workflow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LETTERS_MAX: Final = 28
"""Of a task's name, so that two variables always stand side by side on a line."""
NO_IDENTIFIER: Final = re.compile(r"\W", re.ASCII)


def variables(names: Iterable[str]) -> dict[str, str]:
    """Return a variable for each name, no two alike, and none that Python or the file uses otherwise."""
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for index, name in enumerate(names):
        variable = f"task_{NO_IDENTIFIER.sub('_', name)[:LETTERS_MAX]}"
        if variable in taken:
            variable = _free(f"{variable}__{index}", taken)
        taken.add(variable)
        chosen[name] = variable
    return chosen


def _free(variable: str, taken: set[str]) -> str:
    while variable in taken:
        variable += "_"
    return variable
