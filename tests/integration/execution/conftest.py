"""A real Ray, and on it an executor with its ledger, as a worker has them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.settings import RaySettings, WorkerSettings
from satellite.local.ports import find_free_ports
from satellite.local.ray_head import RAY_ENVIRONMENT, RayHead
from tests.contract.runtimes.bench import STACK
from tests.contract.runtimes.conftest import plugin_image
from tests.fixtures.servers import running
from tests.integration.execution.rig import Rig

__all__ = ["plugin_image"]


@dataclass(frozen=True)
class RayNode:
    address: str
    pid: int
    folder: Path


@pytest.fixture(scope="package")
def ray_node() -> Iterator[RayNode]:
    with running_ray({}) as node:
        yield node


@contextlib.contextmanager
def running_ray(environment: Mapping[str, str]) -> Iterator[RayNode]:
    """Run a Ray whose environment differs in this from the one of the tests."""
    port, dashboard_port = find_free_ports(2)
    # Said, because Ray wants tokens wherever some Ray of this user has left one in ~/.ray.
    os.environ.update(RAY_ENVIRONMENT | {"RAY_AUTH_MODE": "disabled"})

    def answers() -> bool:
        health = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", head.address]
        return subprocess.run(health, capture_output=True).returncode == 0

    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        head = RayHead(folder=Path(folder), port=port, dashboard_port=dashboard_port, token="")
        with running(head.command(), ready=answers, timeout_s=60, env=os.environ | environment) as process:
            yield RayNode(head.address, process.pid, Path(folder))


@pytest.fixture
def changes() -> dict[str, Any]:
    """Return the settings in which the worker of a test module differs from that of the others."""
    return {}


@pytest.fixture(params=["process", pytest.param("container", marks=pytest.mark.docker)])
def rig(
    request: pytest.FixtureRequest,
    ray_node: RayNode,
    redis_url: str,
    tmp_path: Path,
    changes: dict[str, Any],
) -> Iterator[Rig]:
    if request.param == "container":
        request.getfixturevalue("plugin_image")
    plugin_dir = tmp_path / "plugins"
    plugin_dir.mkdir()
    uv = shutil.which("uv")
    settings = WorkerSettings.model_validate(
        {
            "name": "tests", "slots": 8, "state_dir": tmp_path / "state", "plugin_dirs": [plugin_dir],
            "stack_id": STACK, "cpus": 4, "memory_mib": 2_000, "fake_gpus": "1x1000", "uv": uv,
            "server_ready_timeout_s": 20, **changes,
        }
    )  # fmt: skip
    rig = Rig(
        settings,
        RaySettings(address=ray_node.address, namespace="tests"),
        runtime=request.param,
        redis_url=redis_url,
        cards=detect_cards(settings.fake_gpus),
        ray_pid=ray_node.pid,
    )
    yield rig
    rig.close()
