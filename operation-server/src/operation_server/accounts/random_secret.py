"""Secrets that are random: 256 bits, of which only a digest is stored.

A slow hash is for what people choose and others guess. SHA-256 of such a secret takes 0.3 µs where argon2
takes 20 ms, and nobody guesses 256 bits by either (front-door measurements of 2026-11-25).
"""

from __future__ import annotations

import hashlib
import secrets

SECRET_LENGTH = 43
"""Characters of 256 bits in URL-safe base64."""


def new_secret() -> str:
    """Return a new secret."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()
