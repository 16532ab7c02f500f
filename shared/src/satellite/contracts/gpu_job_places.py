"""What paths, addresses and names in a GPU job may look like, as patterns that both doors check.

They know no lookaround, which no automaton has: a path is said part by part instead. `$` is the end of the
text and nothing before it, as in JSON Schema and in pydantic; not so in Python's `re`.
"""

from __future__ import annotations

from typing import Final

_CHARACTER: Final = r"[^/\\\x00-\x1f\x7f]"


def _part(first: str) -> str:
    """Return a part of a path that is neither `.` nor `..`."""
    return rf"({first}{_CHARACTER}*|\.[^./\\\x00-\x1f\x7f]{_CHARACTER}*|\.\.{_CHARACTER}+)"


_ANY_PART: Final = _part(r"[^./\\\x00-\x1f\x7f]")
_FIRST_PART: Final = _part(r"[^./\\~\x00-\x1f\x7f-]")

RELATIVE_PATH: Final = rf"^{_FIRST_PART}(/{_ANY_PART})*$"
"""Below a folder: no `..`, nothing absolute, nothing that a program takes for an option or a home."""
EXISTING_PATH: Final = rf"^(/{_ANY_PART})+$"
"""Absolute, and the path that it looks like."""

_HOST: Final = (
    r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[0-9]{1,5})?"
)
_LOGIN: Final = r"([A-Za-z0-9_][A-Za-z0-9._-]*@)?"
GIT_URL: Final = rf"^(https://{_HOST}|ssh://{_LOGIN}{_HOST})(/[A-Za-z0-9_~.+%-]+)+/?$"
"""https or ssh; a password has no place in it, as whoever sees the job would see that."""
_REF_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9_+-]*(\.[A-Za-z0-9_+-]+)*"
GIT_REF: Final = rf"^{_REF_PART}(/{_REF_PART})*$"
"""A branch, tag or commit; no option, no range, no `@{…}`."""

VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
TEXT: Final = r"^[^\x00]*$"
"""What can be an argument or a variable: anything without the character that ends it."""
LABEL: Final = r"^[^\x00-\x1f\x7f]+$"
"""A line to be shown."""
