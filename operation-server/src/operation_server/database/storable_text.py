"""Text that PostgreSQL takes."""

from __future__ import annotations


def storable_text(text: str) -> str:
    """Return `text` with what PostgreSQL refuses, NUL and half surrogate pairs, replaced."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
