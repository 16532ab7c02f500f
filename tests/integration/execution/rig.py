"""Runs attempts through ledger and executor, as a worker does between claim and report."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psutil

from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.execution.admission.resident_watch import ResidentWatch
from analysis_server.execution.executor import ExecutorHealth
from analysis_server.execution.executor_service import ExecutorSetup
from analysis_server.execution.ray_executor import RayExecutor
from analysis_server.runtimes.port import RunRequest, RunResult
from analysis_server.runtimes.worker_variables import WorkerVariables
from analysis_server.settings import RaySettings, WorkerSettings
from satellite.contracts.identity import AttemptKey
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.requires import RuntimeName
from satellite.contracts.worker import GPUCard
from satellite.settings.observability import LogSettings
from tests.contract.runtimes.bench import IMAGE, containers, marked_runs
from tests.contract.runtimes.conftest import PLUGIN
from tests.fixtures.servers import wait_until

_numbers = itertools.count(1)


class Rig:
    """An executor in a Ray actor, and the ledger that admits to it."""

    def __init__(
        self,
        settings: WorkerSettings,
        ray_settings: RaySettings,
        *,
        runtime: RuntimeName,
        redis_url: str,
        cards: Sequence[GPUCard],
        ray_pid: int,
    ) -> None:
        self.settings = settings
        self.runtime = runtime
        self._ray = psutil.Process(ray_pid)
        setup = ExecutorSetup(
            settings=settings,
            log=LogSettings(),
            runtimes=(runtime,),
            redis_url=redis_url,
            variables=WorkerVariables.read(),
        )
        self.executor = RayExecutor(setup, ray_settings)
        self.ledger = ResourceLedger(
            cpus=settings.cpus,
            memory_mib=settings.memory_mib,
            cards=cards,
            limits=settings.resident_limits(),
            evict=self.executor.evict,
        )
        self.watch = ResidentWatch(self.executor, self.ledger, settings.standby_limits())
        self._pool = ThreadPoolExecutor(8)

    def manifest(self, **changes: Any) -> PluginManifest:
        name = f"room-{next(_numbers)}"
        manifest = PluginManifest.model_validate(
            {
                "name": name, "version": "1", "docker_image": IMAGE, "input_schema": {}, "output_schema": {},
                "resources": {"memory_mib": 128}, **changes,
            }
        )  # fmt: skip
        [plugins] = self.settings.plugin_dirs
        shutil.copytree(PLUGIN, plugins / name)
        (plugins / name / "plugin.json").write_text(manifest.model_dump_json())
        return manifest

    def server(self, **resources: Any) -> PluginManifest:
        return self.manifest(
            mode="server",
            command=["python", "raw_server.py"],
            resources={"cpus": 1, "memory_mib": 128, **resources},
        )

    def run(self, manifest: PluginManifest, **job: Any) -> RunResult:
        request = self.request(manifest, AttemptKey(next(_numbers), 1, uuid4()), **job)
        allocation = self.ledger.acquire(manifest, request.resident, is_stopped=lambda: False)
        assert allocation is not None
        try:
            request = replace(
                request,
                gpu_ids=allocation.gpu_ids,
                spare_allowance=allocation.spare_allowance,
            )
            return self.executor.run(request)
        finally:
            self.ledger.release(allocation)

    def request(self, manifest: PluginManifest, key: AttemptKey, **job: Any) -> RunRequest:
        return RunRequest(
            job_id=key.job_id,
            attempt=key.attempt,
            uid=key.uid,
            owner_id=1,
            worker=self.settings.name,
            stack_id=self.settings.stack_id,
            plugin_digest=manifest.digest(),
            manifest_json=manifest.model_dump_json(),
            input_json=json.dumps({"how": "echo", **job}).encode(),
            timeout_s=30,
        )

    def start(self, manifest: PluginManifest, **job: Any) -> Future[RunResult]:
        return self._pool.submit(self.run, manifest, **job)

    def look(self) -> bool:
        return self.watch.look(5) is ExecutorHealth.WELL

    def things(self) -> set[str]:
        """Return the containers or processes of plugins."""
        return set(containers()) if self.runtime == "container" else {str(mark) for mark in marked_runs()}

    def executor_pid(self) -> int:
        """Return the process that plugins run in; whole platforms of other tests have their own."""
        [pid] = (
            process.pid
            for process in self._ray.children(recursive=True)
            if any("ray::PluginExecutorActor" in part for part in process.cmdline())
        )
        return pid

    def close(self) -> None:
        # An executor that a test has killed comes back first: it is the new one that removes what was left.
        wait_until(self.look)
        self.executor.close()
        self._pool.shutdown()
        wait_until(lambda: not self.things())
