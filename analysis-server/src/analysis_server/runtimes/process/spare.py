"""A process that is started and waits for a job's input."""

from __future__ import annotations

import os
import select
from pathlib import Path

from analysis_server.runtimes.owned_folder import remove_tree
from analysis_server.runtimes.process.run_user import RunUser
from analysis_server.runtimes.process.started_process import StartedProcess
from analysis_server.runtimes.process.tree import ProcessTree
from analysis_server.runtimes.run.checkpoints import checkpoints_in, written_in
from analysis_server.runtimes.run.inputs import INPUTS
from analysis_server.runtimes.run.outputs import OUTPUTS
from analysis_server.runtimes.secrets.giving import GivenSecrets


class ProcessSpare:
    """A started process, its tree, and the folder in which it works; also of a job that had no spare."""

    def __init__(
        self,
        started: StartedProcess,
        *,
        tree: ProcessTree,
        folder: Path,
        user: RunUser | None,
        secrets: GivenSecrets,
    ) -> None:
        """Take a started process."""
        self.started = started
        self.secrets = secrets
        self.tree = tree
        self._folder = folder
        self._user = user
        self._has_ended = False

    @property
    def inputs(self) -> Path:
        """Return where the plugin finds files."""
        return self._folder / INPUTS

    @property
    def outputs(self) -> Path:
        """Return where the plugin writes for its job."""
        return self._folder / OUTPUTS

    @property
    def checkpoints(self) -> Path | None:
        """Return where the plugin writes for a later attempt, if it does."""
        return checkpoints_in(self._folder)

    @property
    def written(self) -> list[Path]:
        """Return all places where the plugin writes for its job."""
        return written_in(self._folder)

    def usable(self) -> bool:
        """Tell whether it still runs, without collecting its exit code."""
        exited = os.pidfd_open(self.started.pid)
        try:
            return not select.select([exited], [], [], 0)[0]
        finally:
            os.close(exited)

    def end(self) -> int:
        """Kill what is left of it and return its exit code."""
        # Only now is the leader reaped: until then its id cannot become another process's.
        self._has_ended = self.tree.kill_rest()
        if self._user is not None and self._has_ended:
            self._user.release()
        return self.started.reap()

    def discard(self) -> None:
        """Kill it and remove its folder."""
        self.end()
        self.remove_folder()

    def remove_folder(self) -> None:
        """Remove its secrets, and the folder with all that was written there unless a janitor needs it."""
        self.secrets.remove()
        if self._has_ended:
            remove_tree(self._folder)
