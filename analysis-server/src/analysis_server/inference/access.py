"""Who may ask: whoever shows a key, compared in constant time; on a machine of one's own everybody."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from fastapi import Request
from pydantic import SecretStr

from analysis_server.inference.errors import KeyMissing, KeyRefused
from analysis_server.inference.settings import InferenceSettings
from satellite.settings.secret_strength import ModeSettings, end_if_any, key_faults

HEADER: Final = "X-API-Key"
VARIABLE: Final = "SATELLITE_INFERENCE_API_KEYS"


class KnownKeys:
    """The keys of this server; without any, everybody may ask."""

    def __init__(self, keys: Iterable[SecretStr]) -> None:
        """Keep digests, which are all of one length."""
        self._digests = [_digest(key.get_secret_value()) for key in keys]

    def check(self, shown: str | None) -> None:
        """Let a caller pass who shows a known key.

        Raises:
            KeyMissing: none is shown.
            KeyRefused: it is not known.
        """
        if not self._digests:
            return
        if not shown:
            raise KeyMissing
        digest = _digest(shown)
        # All of them, so that the time tells nothing of which it is.
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise KeyRefused


async def require_key(request: Request) -> None:
    """Let a request pass that shows a known key."""
    request.app.state.keys.check(request.headers.get(HEADER))


def require_keys(settings: InferenceSettings) -> None:
    """End the process when there is no key, or a weak one, unless it runs in local mode."""
    if ModeSettings().local_mode:
        return
    if not settings.api_keys:
        end_if_any([f"{VARIABLE}: is not set; take a key, such as from `openssl rand -hex 32`"])
    end_if_any([fault for key in settings.api_keys for fault in key_faults(VARIABLE, key)])


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
