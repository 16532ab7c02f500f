"""Room on the worker's disk: attempts wait for it instead of failing for the lack of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import structlog

NEEDED_MIB = 16
LOOK_AGAIN_S = 0.5

logger = structlog.get_logger(__name__)


class DiskGuard:
    """Looks at the file system of the worker's state folder."""

    def __init__(self, folder: Path) -> None:
        """Look at the file system that `folder` is on."""
        self._folder = folder

    def has_room(self) -> bool:
        """Tell whether enough is free to run something."""
        try:
            return shutil.disk_usage(self._folder).free >= NEEDED_MIB * 1024 * 1024
        except OSError:
            return False

    def wait_for_room(self, *, is_stopped: Callable[[], bool]) -> bool:
        """Wait until there is room; False when the attempt was stopped meanwhile."""
        told = False
        while not self.has_room():
            if is_stopped():
                return False
            if not told:
                logger.error("disk is full, attempts wait", folder=str(self._folder), needed_mib=NEEDED_MIB)
                told = True
            time.sleep(LOOK_AGAIN_S)
        return True
