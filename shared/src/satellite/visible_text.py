"""Text of others as it may reach a terminal or a log: seen, never obeyed.

What a plugin prints or another user types may hold escape sequences, which move the cursor, rename the
window or forge lines, and characters that turn the direction of writing. Here they become what they are.
"""

from __future__ import annotations

import re

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, other line ends, marks of direction, and halves of characters."""


def make_visible(text: str, *, keep: str = "") -> str:
    r"""Return `text` with each character that acts instead of showing as `\uXXXX`, but for those in `keep`.

    JSON stays the same JSON, if it keeps the line ends between its values.
    """
    return UNSEEN.sub(lambda found: _escaped(found.group(), keep), text)


def make_log_visible(text: str) -> str:
    """Return the lines of a log, which keep their ends and tabs."""
    return make_visible(text.replace("\r\n", "\n"), keep="\n\t")


def _escaped(character: str, keep: str) -> str:
    return character if character in keep else f"\\u{ord(character):04x}"
