"""What keeps a DAG file from being a workflow."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from satellite.errors import SatelliteError


class Fault(NamedTuple):
    """What cannot be taken over, at which line, in a sentence that says what to do."""

    line: int
    message: str


class NotImportable(SatelliteError):
    """The file has parts that no workflow can be made of; `faults` lists each by its line."""

    code = "workflow_not_importable"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"line {line}: {message}" for line, message in faults))
        self.faults = tuple(faults)


class Refused(Exception):
    """A part of the file cannot be taken over."""

    def __init__(self, node: ast.AST, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(getattr(node, "lineno", 1), message)


class AlreadyRefused(Exception):
    """A part of the file needs another one that is refused, and is told of by that."""


class Faults:
    """Collects what is refused, so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: dict[Fault, None] = {}

    def add(self, fault: Fault) -> None:
        """Note what is refused; the same twice is told once."""
        self._found[fault] = None

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Note what is refused within, and go on behind it."""
        try:
            yield
        except AlreadyRefused:
            pass
        except Refused as refused:
            self.add(refused.fault)

    def raise_if_any(self) -> None:
        """End the import if anything was refused.

        Raises:
            NotImportable: something was.
        """
        if self._found:
            raise NotImportable(sorted(self._found))
