"""A Ray of several nodes, which several workers share: each has its executor on its own node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from satellite.local.ray_head import RAY_OBJECT_STORE_BYTES
from tests.fixtures.servers import running
from tests.integration.execution.conftest import running_ray

EXECUTORS = 3
"""Were they put anywhere, all would be where they belong once in eight times."""

WHERE = """
import json, sys, time
from pathlib import Path
import ray
from analysis_server.execution.executor_service import ExecutorSetup
from analysis_server.execution.ray_executor import RayExecutor
from analysis_server.runtimes.worker_variables import WorkerVariables
from analysis_server.settings import RaySettings, WorkerSettings
from satellite.settings.observability import LogSettings

address, state_dir, executors = sys.argv[1:]
ray.init(address, namespace="tests", log_to_driver=False)
while sum(node["Alive"] for node in ray.nodes()) < 2:
    time.sleep(0.1)
setup = ExecutorSetup(
    settings=WorkerSettings(name="tests", state_dir=Path(state_dir)), log=LogSettings(),
    runtimes=("process",), redis_url="redis://127.0.0.1:1/0", variables=WorkerVariables(),
)
made = [RayExecutor(setup, RaySettings(address=address, namespace="tests")) for _ in range(int(executors))]
actors = [ray._private.state.actors(executor._actor._actor_id.hex()) for executor in made]
own = ray.get_runtime_context().get_node_id()
print(json.dumps({"own": own, "of_actors": [actor["Address"]["NodeID"] for actor in actors]}))
"""


def test_the_executor_is_on_the_node_of_its_worker(tmp_path: Path) -> None:
    with running_ray({}) as head, running(node_command(head.address), ready=lambda: True):
        found = where(head.address, tmp_path)

    assert found["of_actors"] == [found["own"]] * EXECUTORS


def node_command(address: str) -> list[str]:
    return [
        str(Path(sys.executable).with_name("ray")), "start", "--block", f"--address={address}",
        "--num-cpus=0", "--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0",
        "--disable-usage-stats", f"--object-store-memory={RAY_OBJECT_STORE_BYTES}",
    ]  # fmt: skip


def where(address: str, state_dir: Path) -> dict[str, list[str]]:
    """Return where executors were put, once both nodes are there."""
    done = subprocess.run(
        [sys.executable, "-c", WHERE, address, state_dir, str(EXECUTORS)],
        capture_output=True, text=True, timeout=200, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found
