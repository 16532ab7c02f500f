"""A program that compiles snippets and writes of each, on a line of its own, null or what is wrong."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

MEMORY_BYTES = 512 * 1024 * 1024
MESSAGE_CHARS_MAX = 300


def find_fault(code: str) -> dict[str, Any] | None:
    """Return why a snippet is no Python, None if it is."""
    try:
        compile(code, "<snippet>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return _told(error.msg, line=error.lineno, column=error.offset)
    except (RecursionError, MemoryError):
        return _told("it is nested too deeply")
    except (ValueError, OverflowError, SystemError) as error:
        return _told(str(error))
    return None


def _told(message: str, *, line: int | None = None, column: int | None = None) -> dict[str, Any]:
    return {
        "line": line if line and line > 0 else None,
        "column": column if column and column > 0 else None,
        "message": message[:MESSAGE_CHARS_MAX],
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for snippet in json.load(sys.stdin):
        print(json.dumps(find_fault(snippet)), flush=True)
