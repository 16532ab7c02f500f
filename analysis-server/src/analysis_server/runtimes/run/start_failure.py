"""What those say who should have started a plugin and could not, each in one line on its stderr.

Engines start a plugin by a small init process, so that what keeps the plugin from starting shows as that
one's exit code, which the plugin itself could have ended with. Only the line tells them apart.
"""

from __future__ import annotations

import re
from typing import Final

NOT_THERE: Final = (
    "the program is not there, or what its first line names is not (a line that ends with CR LF names "
    "nothing that exists), or its loader is not. Correct the path, or save the file with LF."
)
NOT_ALLOWED: Final = (
    "the plugin's user may not execute it, because it is a folder, is not marked executable, or lies in a "
    "folder that is closed to others, such as /root. Move it, or set its mode by `chmod a+rx`."
)
WRONG_FORMAT: Final = (
    "the program is made for another kind of machine, or damaged. Build it for that of the worker."
)
NOT_OPENED: Final = (
    "the interpreter finds no such file or module, or may not read it. Correct the name, or set its mode by "
    "`chmod a+r`."
)

_CAUSES: Final = {
    "No such file or directory": NOT_THERE,
    "Not a directory": NOT_THERE,
    "Too many levels of symbolic links": NOT_THERE,
    "Permission denied": NOT_ALLOWED,
    "Exec format error": WRONG_FORMAT,
}
"""Other causes, such as a lack of memory, may pass."""

_BY_INIT: Final = re.compile(
    # Docker's and Podman's, what starts processes as another user, and our own in pods.
    r"(?:\[FATAL tini \(\d+\)\] exec .* failed|ERROR \(catatonit:\d+\): failed to exec pid1"
    r"|setpriv: failed to execute .*|pod-entry: exec .* failed): (.*)"
)
_BY_INTERPRETER: Final = re.compile(
    r"\S*python[\d.]*: (?:can't open file .*: \[Errno \d+\] .*|No module named \S+|"
    r"Error while finding module specification for .*)"
    r"|\S*sh: (?:\d+: )?(?:cannot|can't) open .*"
)
_INIT_CODES: Final = frozenset({1, 126, 127})
_INTERPRETER_CODES: Final = frozenset({1, 2, 126, 127})


def find_start_failure(written: str, *, exit_code: int) -> str | None:
    """Return why nothing was started and what to do, None where the plugin may have ended by itself.

    `written` is the end of all that came on stderr; whatever it holds besides the line, a plugin has said.
    """
    line = written.strip()
    if exit_code in _INIT_CODES and (found := _BY_INIT.fullmatch(line)):
        return _CAUSES.get(found[1])
    if exit_code in _INTERPRETER_CODES and _BY_INTERPRETER.fullmatch(line):
        return NOT_OPENED
    return None
