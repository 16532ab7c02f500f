"""Looks at a program before it is started as a process: whether it can be."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from analysis_server.runtimes.run.program_head import HEAD_BYTES, has_wrong_format, interpreter_of
from analysis_server.runtimes.run.start_failure import NOT_ALLOWED, NOT_THERE, WRONG_FORMAT


class ProgramUnfit(LookupError):
    """A plugin's program cannot be run, for the reason that is its argument."""

    def __str__(self) -> str:
        """Return the reason without the quotes of a key error."""
        return str(self.args[0])


def check_program(program: str, *, folder: Path, path: str) -> None:
    """Raise `ProgramUnfit` if a program cannot be run in `folder`, with `path` as its `PATH`."""
    place = str(folder / program) if "/" in program else program
    found = shutil.which(place, path=path)
    if found is None:
        raise ProgramUnfit(NOT_ALLOWED if Path(place).exists() else NOT_THERE)
    head = _head(found)
    interpreter = interpreter_of(head)
    if interpreter is not None and not Path(os.fsdecode(interpreter)).exists():
        raise ProgramUnfit(NOT_THERE)
    if has_wrong_format(head, proven=_head(sys.executable)):
        raise ProgramUnfit(WRONG_FORMAT)


def _head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD_BYTES)
    except PermissionError:
        # What may be executed need not be readable.
        return b""
