"""What `operation-server health` does: asks a process of this container, or of this machine, how it is.

It imports no framework, because it is started every few seconds for each container.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from operation_server.health.sign_of_life import SignOfLife

ANSWER_TIMEOUT_S = 4
ANYWHERE = {"0.0.0.0", "::"}
API_HOST, API_PORT, HEALTH_DIR = "SATELLITE_API_HOST", "SATELLITE_API_PORT", "SATELLITE_HEALTH_DIR"


def check_health(process: str) -> None:
    """End with 0 if the process can do its work, else with 1 and a line that says what is wrong."""
    sys.exit(_ask_api() if process == "api" else _look_for_sign(process))


def _ask_api() -> str | None:
    host = os.environ.get(API_HOST, "127.0.0.1")
    address = "127.0.0.1" if host in ANYWHERE else host
    url = f"http://{address}:{os.environ.get(API_PORT, '8000')}/ready"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_TIMEOUT_S):
            return None
    except urllib.error.HTTPError as error:
        with error:
            return _tell(error.read())
    except OSError as error:
        return f"the API does not answer at {url}: {getattr(error, 'reason', error)}"


def _tell(answer: bytes) -> str:
    try:
        found = json.loads(answer)
        return "not ready: " + ", ".join(f"{part} {found[part]}" for part in ("database", "redis", "disk"))
    except (ValueError, KeyError, TypeError):
        return "not ready"


def _look_for_sign(process: str) -> str | None:
    folder = os.environ.get(HEALTH_DIR)
    if not folder:
        return f"{HEALTH_DIR} is not set, so the {process} process leaves no sign of life"
    sign = SignOfLife(Path(folder), process)
    refusal = sign.refusal()
    if refusal is not None:
        return f"the {process} process does not work: {refusal}"
    if sign.is_fresh():
        return None
    return f"the {process} process had no session with its database for 30 s (SATELLITE_DATABASE_URL)"
