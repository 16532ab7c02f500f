"""Runs plugins on a runtime, remembers what was heard, and looks for what was left behind."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, Runtime
from analysis_server.runtimes.process.mark import mark_of, stack_mark, stack_of
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.process_table import list_processes
from analysis_server.runtimes.runtime_set import RuntimeSet
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.requires import RuntimeName
from satellite.testing import RecordingListener as Ear
from tests.fixtures.servers import wait_until

IMAGE = "satellite-test/runtime-contract:1"
STACK = f"contract-tests-{os.getpid()}"
"""Of this session alone: others may run on the same machine."""
FILES = Path(tempfile.gettempdir()) / f"satellite-{STACK}"
"""Where the files of runs are; nothing of it is left once they have ended."""
_job_ids = itertools.count(1)


class Bench:
    """A runtime with plugins whose manifests each test shapes."""

    SIX_START_WITHIN_S = 2.0
    """How far apart the first and the last of six runs may start that were begun at once."""

    def __init__(
        self, runtime: Runtime, *, plugin_dir: Path, source: Path, of_set: RuntimeName | None = None
    ) -> None:
        """Run plugins on a runtime; on a set of them, on the one that `of_set` names."""
        self.runtime = runtime
        self.of_set = of_set
        self._plugin_dir = plugin_dir
        self._source = source
        self._pool = ThreadPoolExecutor(16)

    def manifest(self, **changes: Any) -> PluginManifest:
        """Make a manifest, and its source for runtimes that need one."""
        name = f"contract-{next(_job_ids)}"
        manifest = PluginManifest.model_validate(
            {
                "name": name,
                "version": "1",
                "docker_image": IMAGE,
                "input_schema": {},
                "output_schema": {"type": "object", "required": ["answer"]},
                "resources": {"memory_mib": 128, "cpus": 1},
                "requires": {"runtime": self.of_set},
                **changes,
            }
        )
        shutil.copytree(self._source, self._plugin_dir / name)
        self.put_source(manifest)
        return manifest

    def next_version(self, manifest: PluginManifest) -> PluginManifest:
        """Make the manifest of another version of a plugin, and put its source in place of the other's."""
        other = manifest.model_copy(update={"version": f"{manifest.version}.1"})
        self.put_source(other)
        return other

    def put_source(self, manifest: PluginManifest) -> None:
        """Make a version of a plugin the one whose source is there."""
        (self._plugin_dir / manifest.name / "plugin.json").write_text(manifest.model_dump_json())

    def server(self, program: str = "raw_server.py", **changes: Any) -> PluginManifest:
        """Make the manifest of a server."""
        return self.manifest(mode="server", command=["python", program], **changes)

    def request(self, job: Any, *, timeout_s: float = 30, owner_id: int = 1, **options: Any) -> RunRequest:
        manifest = options.pop("manifest", None) or self.manifest()
        return RunRequest(
            job_id=next(_job_ids),
            attempt=1,
            uid=uuid4(),
            owner_id=owner_id,
            worker="tests",
            plugin_digest=manifest.digest(),
            manifest_json=manifest.model_dump_json(),
            input_json=json.dumps(job).encode(),
            timeout_s=timeout_s,
            stack_id=STACK,
            runtime=manifest.requires.runtime,
            **options,
        )

    def run(self, job: Any, *, ear: Ear | None = None, **options: Any) -> RunResult:
        return self.runtime.run(self.request(job, **options), ear or Ear())

    @property
    def used(self) -> ContainerRuntime | ProcessRuntime:
        """Return the runtime that the plugins are run on."""
        used = self.runtime
        if isinstance(used, RuntimeSet):
            used = used.member(self.of_set)
        assert isinstance(used, ContainerRuntime | ProcessRuntime)
        return used

    def start(self, request: RunRequest, ear: RunListener) -> Future[RunResult]:
        """Run in the background."""
        return self._pool.submit(self.runtime.run, request, ear)

    def assert_nothing_left(self) -> None:
        self._pool.shutdown()
        # What outlives single jobs ends with the runtime.
        self.runtime.close()
        wait_until(lambda: not containers())
        assert not marked_processes()
        assert not files_left()


def containers() -> list[str]:
    """List the containers of the tests, ended ones included."""
    listed = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=satellite.stack={STACK}"], capture_output=True, text=True
    ) if shutil.which("docker") else None  # fmt: skip
    return listed.stdout.split() if listed else []


def files_left() -> list[Path]:
    """List the files of runs, and the folders that they had."""
    return [path for path in FILES.glob("*/runs/*/*") if path.name != ".lock"]


def marked_processes() -> list[int]:
    """List the processes that runs of the tests have started."""
    marks = {row.pid: mark_of(row.pid) or 0 for row in list_processes()}
    ours = stack_mark(STACK)
    return [pid for pid, mark in marks.items() if stack_of(mark) == ours]


def marked_runs() -> list[int]:
    """List the marks of the runs of the tests that have processes, each of which may have several."""
    marks = {mark_of(row.pid) or 0 for row in list_processes()}
    return [mark for mark in marks if stack_of(mark) == stack_mark(STACK)]


def processes_with(token: str) -> list[int]:
    """List the processes, in containers too, whose command line holds a token."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(token in part for part in process.cmdline()) and process.status() != "zombie":
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
