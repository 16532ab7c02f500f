"""Groups failures that are the same but for numbers, addresses and names."""

from __future__ import annotations

import hashlib
import re

VARYING = re.compile(r"""'[^']*'|"[^"]*"|0x[0-9a-f]+|\b[0-9a-f]*\d[0-9a-f]*\b|\d+""", re.IGNORECASE)


def error_fingerprint(plugin_name: str, kind: str, message: str) -> str:
    """Return a short hash that equal failures of a plugin share."""
    stable = VARYING.sub("#", message[:2_000])
    text = "\0".join((plugin_name, kind, " ".join(stable.split()).lower()))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
