"""Says what is wrong with an input, and where in it."""

from __future__ import annotations

import json
from typing import Any

MAX_SHOWN = 60


class Unfit(Exception):
    """A value is not what its annotation says."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._path: list[str] = []

    def inside(self, key: Any) -> Unfit:
        """Return the same fault, seen from the object or list that holds the value under `key`."""
        self._path.insert(0, str(key).replace("~", "~0").replace("/", "~1"))
        return self

    def told(self) -> str:
        """Return what is wrong, behind the JSON pointer of where it is."""
        return f"{''.join(f'/{key}' for key in self._path)}: {self}" if self._path else str(self)


def must_be(what: str, value: Any) -> Unfit:
    """Return the fault of a value that is something else."""
    return Unfit(f"must be {what}, not {shown(value)}")


def shown(value: Any) -> str:
    """Return a value in short."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
