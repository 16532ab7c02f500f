"""A file whose age tells whether this worker consumes; liveness probes look at it from outside."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

FILE_NAME = "alive"
ALIVE_FOR_S = 30.0


def note(state_dir: Path) -> None:
    """Note that the worker is well; a disk that takes no file must not keep it from beating."""
    with contextlib.suppress(OSError):
        (state_dir / FILE_NAME).touch()


def is_alive(state_dir: Path) -> bool:
    """Tell whether the worker noted so lately."""
    try:
        age_s = time.time() - (state_dir / FILE_NAME).stat().st_mtime
    except OSError:
        return False
    return age_s < ALIVE_FOR_S
