"""What systemd does to an account's processes when it logs out, which would end jobs."""

import glob
from typing import Optional

FILES = ["/etc/systemd/logind.conf", "/etc/systemd/logind.conf.d/*.conf"]


def kills_at_logout() -> bool:
    """Tell whether the host is configured to end what an account left running."""
    return (_setting("KillUserProcesses") or "no").lower() in ("yes", "true", "1", "on")


def _setting(name: str) -> Optional[str]:
    value = None
    for pattern in FILES:
        for path in sorted(glob.glob(pattern)):
            value = _read(path, name) or value
    return value


def _read(path: str, name: str) -> Optional[str]:
    try:
        with open(path) as file:
            rows = [line.strip().partition("=") for line in file]
    except OSError:
        return None
    values = [value.strip() for key, _, value in rows if key.strip() == name]
    return values[-1] if values else None
