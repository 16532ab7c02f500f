"""Tells which snippets are no Python, without running any.

They are compiled in a process of their own: what is nested deeply enough ends a compiler, and then only that
process ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from messages import CheckSnippets, SnippetToCheck

COMPILER = Path(__file__).parent / "compiling.py"
COMPILED_WITHIN_S = 20


def check(request: CheckSnippets) -> dict[str, Any]:
    """Return the faults of the snippets that have one."""
    waiting: Sequence[SnippetToCheck] = request.snippets
    faults: list[dict[str, Any]] = []
    while waiting:
        told, how = _compile([snippet.code for snippet in waiting])
        faults += _faults_of(waiting, told)
        if len(told) < len(waiting):
            # The one that it ended at; the others have not been looked at.
            faults.append({"task": waiting[len(told)].task, "line": None, "column": None, "message": how})
        waiting = waiting[len(told) + 1 :]
    return {"faults": faults}


def _compile(codes: Sequence[str]) -> tuple[list[dict[str, Any] | None], str]:
    """Return what was found of each in turn, as far as it came, and how it ended."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-W", "ignore", COMPILER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as compiler:
        how = "it ends the compiler: it is nested too deeply"
        try:
            printed, _ = compiler.communicate(json.dumps(codes).encode(), timeout=COMPILED_WITHIN_S)
        except subprocess.TimeoutExpired:
            how = f"it could not be compiled within {COMPILED_WITHIN_S} s"
            compiler.kill()
            printed, _ = compiler.communicate()
    whole = printed[: printed.rfind(b"\n") + 1].splitlines()
    return [json.loads(line) for line in whole], how


def _faults_of(snippets: Sequence[SnippetToCheck], told: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for snippet, found in zip(snippets, told, strict=False):
        if found is not None:
            yield {"task": snippet.task, **found}
