"""What Schemathesis must know to send: bytes of an upload, which are no JSON."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def octets(ctx: schemathesis.SerializationContext, value: Any) -> bytes | None:
    """Return bytes as they are; what was made for a wrong body is sent as its text."""
    return value if isinstance(value, bytes) else str(value).encode()
