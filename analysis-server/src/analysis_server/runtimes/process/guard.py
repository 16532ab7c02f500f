"""A small process that outlives its runtime by a moment, and ends what the runtime could not.

The kernel ends a plugin whose worker dies, but not what the plugin has started. The next executor would, if
there ever is one.
"""

from __future__ import annotations

import os
import subprocess
import sys

from analysis_server.runtimes.process.mark import kill_until_none, mark_of, owner_of


class ProcessGuard:
    """Starts the guard, which knows by a pipe whether this process still lives."""

    def __init__(self, owner: int) -> None:
        """Guard the runs whose marks begin with `owner`."""
        read_end, write_end = os.pipe()
        self._alive = open(write_end, "wb", buffering=0)  # noqa: SIM115, PTH123 - open as long as we live
        variables = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        try:
            # Returns at once: the guard is no child of ours, or it would be ended with us.
            subprocess.run(
                [sys.executable, "-m", __name__, str(owner)],
                stdin=read_end, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=variables, cwd="/", start_new_session=True, check=True,
            )  # fmt: skip
        finally:
            os.close(read_end)

    def close(self) -> None:
        """Let the guard do its work and end; a second call changes nothing."""
        self._alive.close()


def guard(owner: int) -> None:
    """Wait until nobody can write to stdin any more, then end all marked processes of the owner."""
    while os.read(0, 1):
        pass
    while kill_until_none(lambda row: _belongs(row.pid, owner)) is None:
        pass


def _belongs(pid: int, owner: int) -> bool:
    mark = mark_of(pid)
    return mark is not None and owner_of(mark) == owner


if __name__ == "__main__":
    if not os.fork():
        guard(int(sys.argv[1]))
