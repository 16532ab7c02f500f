"""A plugin's folder on a runtime of its own, as a worker has one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psutil

from analysis_server.runtimes.port import RunRequest, RunResult, Runtime, SilentListener
from analysis_server.runtimes.selection import RuntimeOptions, make_runtimes
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.outcome import JobError
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.requires import RuntimeName

NOT_SOURCE: Final = ("__pycache__", ".venv", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache")
MIB: Final = 1024 * 1024


class Trial:
    """Runs inputs, each as a job of its own."""

    def __init__(self, runtime: Runtime, manifest: PluginManifest, *, stack_id: str) -> None:
        """Run nothing yet."""
        self.manifest = manifest
        self._runtime = runtime
        self._stack_id = stack_id
        self._numbers = itertools.count(1)

    def prepare(self) -> JobError | None:
        """Make ready what all runs share; tell what is missing."""
        return self._runtime.prepare(self.manifest)

    def run(self, value: Any) -> tuple[RunResult, float]:
        """Run one input to its end; returns also how many seconds that took."""
        began_s = time.monotonic()
        result = self._runtime.run(self._request(value), SilentListener())
        return result, time.monotonic() - began_s

    def cancel(self, value: Any, *, after_s: float) -> tuple[RunResult, float]:
        """Ask for a run's end after a while; returns also how many seconds it went on after that."""
        request = self._request(value)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self._runtime.run, request, SilentListener())
            threading.Event().wait(after_s)
            asked_s = time.monotonic()
            self._runtime.cancel(request.key)
            return running.result(), time.monotonic() - asked_s

    @staticmethod
    def used_mib() -> float:
        """Return how much memory the processes of all that runs here hold; not those of containers."""
        used = 0
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                used += process.memory_info().rss
        return used / MIB

    def _request(self, value: Any) -> RunRequest:
        return RunRequest(
            job_id=next(self._numbers),
            attempt=1,
            uid=uuid4(),
            owner_id=1,
            worker="trial",
            plugin_digest=self.manifest.digest(),
            manifest_json=self.manifest.model_dump_json(),
            input_json=json.dumps(value).encode(),
            timeout_s=self.manifest.timeout_s,
            stack_id=self._stack_id,
        )


@contextlib.contextmanager
def on_trial(
    folder: Path, manifest: PluginManifest, runtime: RuntimeName, *, state_dir: Path | None = None
) -> Iterator[Trial]:
    """Put a copy of a plugin's folder on a runtime until the block ends; nothing of it is left then.

    Environments that were made stay in a `state_dir`, for the next time.
    """
    stack_id = f"trial-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="satellite-trial-") as place:
        plugins = Path(place) / "plugins"
        shutil.copytree(folder, plugins / manifest.name, ignore=shutil.ignore_patterns(*NOT_SOURCE))
        made = make_runtimes(
            (runtime,),
            RuntimeOptions(
                stack_id=stack_id,
                state_dir=state_dir or Path(place) / "state",
                files_dir=Path(place) / "files",
                plugin_dirs=[plugins],
                variables=WorkerVariables.read(os.environ),
            ),
        )
        try:
            yield Trial(made, manifest, stack_id=stack_id)
        finally:
            made.close()
