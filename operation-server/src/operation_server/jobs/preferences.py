"""The `Prefer` header (RFC 7240), as far as it is understood here."""

from __future__ import annotations

import re

LONGEST_WAIT_S = 60
_WAIT = re.compile(r"""(?:^|[,;\s])wait\s*=\s*"?([0-9]+)"?\s*(?:$|[,;])""", re.IGNORECASE)


def wait_seconds(prefer: str | None) -> int | None:
    """Return the seconds of `wait=N`, at most 60, or None; the rest is ignored, as the RFC asks."""
    found = _WAIT.search(prefer or "")
    digits = found[1].lstrip("0") if found is not None else ""
    if not digits:
        return None
    # Python refuses to read thousands of digits.
    return min(int(digits[:6]), LONGEST_WAIT_S)
