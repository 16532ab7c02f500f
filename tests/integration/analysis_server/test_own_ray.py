"""A worker that no Ray is named to starts one, which is gone when the worker is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from analysis_server.lifecycle.own_ray import RayNotStarted, start_own_ray
from satellite.contracts import redis_keys
from satellite.contracts.worker import WorkerHeartbeat
from tests.fixtures.servers import running, wait_until

NAME = "own-ray"


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A folder whose path is short enough for Ray's sockets."""
    with tempfile.TemporaryDirectory(prefix="own-ray-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def ray_processes(state_dir: Path) -> list[psutil.Process]:
    """Return the processes whose command line names the folder of this worker's Ray."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(f"{state_dir}/ray" in word for word in process.info["cmdline"] or ())
    ]


def environment_of(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_it_lives_as_long_as_its_worker(redis_url: str, state_dir: Path, end: signal.Signals) -> None:
    environment = os.environ | {
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_WORKER_NAME": NAME,
        "SATELLITE_WORKER_RUNTIME": "process",
        "SATELLITE_WORKER_STATE_DIR": str(state_dir),
    }
    environment.pop("SATELLITE_RAY_ADDRESS", None)

    def beats() -> bool:
        with redis.Redis.from_url(redis_url) as client:
            return bool(client.exists(redis_keys.worker(NAME)))

    command = [sys.executable, "-m", "analysis_server"]
    with running(command, ready=beats, timeout_s=180, env=environment) as worker:
        found = ray_processes(state_dir)
        assert {"raylet", "gcs_server"} <= {process.name() for process in found}
        assert not any("SATELLITE_REDIS_URL" in environment_of(process) for process in found)
        health = subprocess.run([*command, "health"], env=environment, timeout=60)
        assert health.returncode == 0

        worker.send_signal(end)
        code = worker.wait(60)
        wait_until(lambda: not ray_processes(state_dir), timeout_s=60)

    assert code == (0 if end is signal.SIGTERM else -signal.SIGKILL)


def test_celery_s_own_command_starts_one_too_and_says_what_the_worker_is(
    redis_url: str, state_dir: Path
) -> None:
    environment = os.environ | {
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_WORKER_NAME": "by-celery",
        "SATELLITE_WORKER_RUNTIME": "process",
        "SATELLITE_WORKER_STATE_DIR": str(state_dir),
    }
    environment.pop("SATELLITE_RAY_ADDRESS", None)
    line = "celery -A analysis_server.tasks worker --loglevel=info --concurrency=2 --queue=inference"

    key = redis_keys.worker("by-celery")
    command = [Path(sys.executable).parent / "celery", *line.split()[1:]]
    with redis.Redis.from_url(redis_url) as client:

        def beats() -> bool:
            return bool(client.exists(key))

        with running(command, ready=beats, timeout_s=180, env=environment) as worker:
            told = WorkerHeartbeat.model_validate_json(client.get(key) or b"")
            assert (told.slots, told.serves) == (2, ["inference"])
            assert "satellite.execute.queue.inference" in told.queues
            assert "satellite.execute" not in told.queues
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
    wait_until(lambda: not ray_processes(state_dir), timeout_s=60)


def test_what_ray_said_is_told_when_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RayNotStarted, match="socket"):
        start_own_ray(tmp_path / ("x" * 100))
