"""The `Prefer` header (RFC 7240), as far as it is understood here."""

from __future__ import annotations

import re

LONGEST_WAIT_S = 60
_WAIT = re.compile(r"""(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])""", re.IGNORECASE)


def wait_seconds(prefer: str | None) -> int | None:
    """Return the seconds of `wait=N`, at most 60, or None; the rest is ignored, as the RFC asks."""
    found = _WAIT.search(prefer or "")
    if found is None or int(found[1]) == 0:
        return None
    return min(int(found[1]), LONGEST_WAIT_S)
