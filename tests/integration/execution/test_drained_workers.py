"""A real worker that is drained: it ends what it runs, and takes nothing, whatever restarts or is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis

from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.publisher import JobPublisher
from operation_server.jobs.transitions import DispatchedJob
from operation_server.jobs.transitions.catalog import PluginVersion
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.contracts.task_names import EXECUTE_QUEUE, RESULTS_QUEUE
from satellite.contracts.worker import DrainedWorkers, WorkerHeartbeat
from satellite.settings.broker import BrokerSettings
from satellite.testing import manifest_of
from tests.fixtures.servers import wait_until
from tests.integration.execution.conftest import RayNode
from tests.integration.execution.test_worker_loops import end

STAYS = """
import json, pathlib, sys, time
go = pathlib.Path(__file__).with_name(json.load(sys.stdin)["go"])
while not go.exists():
    time.sleep(0.05)
print("{}")
"""
MANIFEST = manifest_of(name="stays", resources={"memory_mib": 64})
STAYS_FOR_S = 1.5
"""Longer than a worker needs to take a message, and to look whether it is drained."""


class Site:
    """Workers of one slot, and what they are sent and told."""

    def __init__(self, redis_url: str, broker_url: str, ray_node: RayNode, folder: Path) -> None:
        self.redis = Redis.from_url(redis_url)
        self._folder = folder
        self._plugin = folder / "plugins" / MANIFEST.name
        self._plugin.mkdir(parents=True)
        (self._plugin / "main.py").write_text(STAYS)
        (self._plugin / "plugin.json").write_text(MANIFEST.model_dump_json())
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._keys: dict[int, AttemptKey] = {}
        broker = BrokerSettings(redis_url=redis_url, CELERY_BROKER_URL=broker_url)
        self._publisher = JobPublisher(make_app(broker))
        self._environment = {
            "SATELLITE_REDIS_URL": redis_url,
            "CELERY_BROKER_URL": broker_url,
            "SATELLITE_RAY_ADDRESS": ray_node.address,
            "SATELLITE_RAY_NAMESPACE": "drained",
            "SATELLITE_WORKER_SLOTS": "1",
            "SATELLITE_WORKER_RUNTIME": "process",
            "SATELLITE_WORKER_PLUGIN_DIRS": str(folder / "plugins"),
        }
        if uv := shutil.which("uv"):
            self._environment["SATELLITE_WORKER_UV"] = uv

    def start(self, name: str) -> None:
        """Start a worker and wait until it tells of itself."""
        self.redis.delete(redis_keys.worker(name))
        names = {
            "SATELLITE_WORKER_NAME": name,
            "SATELLITE_WORKER_STATE_DIR": str(self._folder / name),
        }
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "analysis_server.tasks", "worker", "-n", f"{name}@%h"],
                stdout=log, stderr=log, start_new_session=True,
                env=os.environ | self._environment | names,
            )  # fmt: skip
        wait_until(lambda: self.beat(name))

    def stop(self, name: str) -> None:
        """Let a worker leave, which runs nothing."""
        process = self._processes.pop(name)
        process.terminate()
        process.wait(30)

    def close(self) -> None:
        for process in self._processes.values():
            end(process)
        self._publisher.close()
        self.redis.close()

    def beat(self, name: str) -> WorkerHeartbeat | None:
        text = self.redis.get(redis_keys.worker(name))
        return None if text is None else WorkerHeartbeat.model_validate_json(text)

    def drain(self, *names: str) -> None:
        """Say whom admins have drained, as the operation server does."""
        self.redis.set(redis_keys.DRAINED_WORKERS, DrainedWorkers(names=list(names)).model_dump_json())

    def send(self, *job_ids: int) -> None:
        version = PluginVersion(
            plugin_id=1, name=MANIFEST.name, digest=MANIFEST.digest(),
            manifest_json=MANIFEST.model_dump_json(), resources=MANIFEST.resources, max_running=None,
        )  # fmt: skip
        self._keys |= {job_id: AttemptKey(job_id, 1, uuid4()) for job_id in job_ids}
        jobs = [
            DispatchedJob(
                job_id=job_id, attempt=1, uid=self._keys[job_id].uid, owner_id=1, plugin=version,
                input_json=f'{{"go": "{job_id}"}}', timeout_s=60, runs_alone=False, queue=EXECUTE_QUEUE,
            )
            for job_id in job_ids
        ]  # fmt: skip
        self._publisher.publish(jobs)

    def waiting(self) -> int:
        return self._publisher.queue_lengths([EXECUTE_QUEUE])[EXECUTE_QUEUE]

    def runs(self, job_id: int) -> bool:
        return bool(self.redis.exists(redis_keys.lease(self._keys[job_id])))

    def claimed_by(self, job_id: int) -> str:
        return (self.redis.get(redis_keys.claim(self._keys[job_id])) or b"").decode()

    def let_go(self, job_id: int) -> None:
        """Let a job end that runs, and wait until it is reported."""
        before = self.reports()
        (self._plugin / str(job_id)).touch()
        wait_until(lambda: self.reports() > before)

    def reports(self) -> int:
        return self._publisher.queue_lengths([RESULTS_QUEUE])[RESULTS_QUEUE]

    def stays_idle(self, name: str, *job_ids: int) -> None:
        """See that for a while none of the jobs begins, and that the worker is drained and well then."""
        with contextlib.suppress(AssertionError):
            wait_until(lambda: any(map(self.claimed_by, job_ids)), timeout_s=STAYS_FOR_S)
        assert [self.claimed_by(job_id) for job_id in job_ids] == [""] * len(job_ids)
        wait_until(lambda: self.waiting() == len(job_ids))
        beat = wait_until(lambda: self.beat(name))
        assert (beat.drained, beat.draining, beat.queues) == (True, False, [])
        assert beat.consumer_ok
        assert not beat.takes_jobs


@pytest.fixture(params=["redis", "rabbitmq"])
def site(request: pytest.FixtureRequest, ray_node: RayNode, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    broker_url = request.getfixturevalue("rabbitmq").url if request.param == "rabbitmq" else redis_url
    site = Site(redis_url, broker_url, ray_node, tmp_path)
    yield site
    site.close()


def test_it_ends_what_it_runs_and_takes_nothing_until_it_is_resumed(site: Site) -> None:
    site.start("w1")
    site.send(1, 2, 3)
    # Its claim, and then the report of its start.
    wait_until(lambda: site.claimed_by(1) and site.reports())
    site.drain("w1")
    wait_until(lambda: (beat := site.beat("w1")) and beat.drained)
    assert not site.claimed_by(2)
    assert site.runs(1)
    site.let_go(1)
    site.stays_idle("w1", 2, 3)

    # Nobody says so any more, and a restart alone changes nothing either.
    site.redis.delete(redis_keys.DRAINED_WORKERS)
    site.stays_idle("w1", 2, 3)
    site.drain("w1")
    site.stop("w1")
    site.start("w1")
    site.stays_idle("w1", 2, 3)

    site.drain()
    for job_id in (2, 3):
        wait_until(lambda job_id=job_id: site.claimed_by(job_id))  # type: ignore[misc]
        site.let_go(job_id)
