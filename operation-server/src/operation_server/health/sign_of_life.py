"""Files that tell of a process that serves no HTTP whether it has its database, and why it does not work."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

ADDRESSES = "SATELLITE_DATABASE_URL, SATELLITE_REDIS_URL, CELERY_BROKER_URL"
ALIVE_FOR_S = 30.0
"""Six of the looks that a leader, or who waits to lead, takes at its session."""


class SignOfLife:
    """Touches the file of one process; without a folder it does nothing."""

    def __init__(self, folder: Path | None, name: str) -> None:
        """Keep the files `name` in `folder`."""
        self._file = folder / f"{name}.alive" if folder else None
        self._reason = folder / f"{name}.refuses" if folder else None
        # A process before this one may have left its file.
        self._may_have_refused = True

    def note(self) -> None:
        """Note that the process is well; a disk that takes no file ends nothing."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.touch()

    def refuse(self, reason: str) -> None:
        """Note that the process lives and does not work, and why."""
        self._may_have_refused = True
        if self._reason is not None:
            with contextlib.suppress(OSError):
                self._reason.write_text(reason)

    def waits(self, reason: str) -> None:
        """Note that something the process needs does not answer, with the settings that name it."""
        self.refuse(f"{reason} ({ADDRESSES})")

    def is_fresh(self) -> bool:
        """Tell whether that was noted lately."""
        return self._file is not None and _is_recent(self._file)

    def refusal(self) -> str | None:
        """Return why the process does not work, if it has said so lately."""
        if self._reason is None or not _is_recent(self._reason):
            return None
        with contextlib.suppress(OSError):
            return self._reason.read_text()
        return None

    def works(self) -> None:
        """Note that the process refuses nothing any more; costs nothing where it did not."""
        if self._reason is not None and self._may_have_refused:
            self._may_have_refused = False
            with contextlib.suppress(OSError):
                self._reason.unlink(missing_ok=True)


def _is_recent(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < ALIVE_FOR_S
    except OSError:
        return False
