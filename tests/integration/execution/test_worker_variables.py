"""What the worker's environment says reaches plugins, whoever started Ray with what environment."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import psutil
import pytest
import ray

from analysis_server.runtimes.port import RunStatus
from tests.integration.execution.conftest import RayNode, running_ray
from tests.integration.execution.rig import Rig

GIVEN = "told-to-the-worker-alone"


@pytest.fixture(scope="module")
def ray_node() -> Iterator[RayNode]:
    """Run a Ray that cannot reach the engine, and has another secret than the worker."""
    rays = {
        "DOCKER_HOST": "unix:///nowhere/engine.sock",
        "SATELLITE_SECRET_TOKEN": "rays",
    }
    with running_ray(rays) as node:
        yield node


@pytest.fixture(autouse=True)
def worker_environment(ray_node: RayNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a worker of another environment than Ray's; before the rig is made."""
    monkeypatch.setenv("SATELLITE_SECRET_TOKEN", GIVEN)


def test_a_plugin_is_given_the_secrets_of_the_worker(rig: Rig) -> None:
    result = rig.run(rig.manifest(secrets=["TOKEN"]), how="variable", name="TOKEN")
    assert result.status is RunStatus.COMPLETED, result
    # It told what it was given, which is masked; Ray's own would stand there.
    assert json.loads(result.result_json or b"") == {"answer": "***"}


def test_secrets_stand_neither_in_logs_nor_in_process_lists_nor_in_the_state_of_ray(
    rig: Rig, ray_node: RayNode
) -> None:
    assert rig.run(rig.manifest(secrets=["TOKEN"]), how="echo").status is RunStatus.COMPLETED
    texts = [path.read_bytes() for path in ray_node.folder.rglob("*") if path.is_file()]
    assert texts
    assert not any(GIVEN.encode() in text for text in texts)
    assert not any(GIVEN in text for text in shown_of_processes(ray_node.pid))
    actors = ray._private.state.actors()
    assert actors
    assert GIVEN not in str(actors)


def shown_of_processes(pid: int) -> Iterator[str]:
    """Yield what others may read of a process and its descendants."""
    top = psutil.Process(pid)
    for process in (top, *top.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            yield f"{process.cmdline()} {process.environ()}"
