"""What only pods do: they are gone on with by whoever comes, stand by, and are named by what ended them."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from functools import partial

import pytest

from analysis_server.runtimes.port import RunStatus
from satellite.contracts.outcome import ErrorKind, StartKind
from tests.contract.runtimes.bench import Ear
from tests.contract.runtimes.first_owner import FirstOwner, first_owner
from tests.fixtures.servers import wait_until
from tests.kubernetes.cluster.cluster import Cluster
from tests.kubernetes.pods import NAMESPACE, PodBench, make_runtime

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


@pytest.fixture
def owner(place_of_pods: Cluster) -> Iterator[FirstOwner]:
    """A process with a runtime like the one under test."""
    with first_owner(partial(make_runtime, place_of_pods.kubeconfig)) as owner:
        yield owner


def test_a_run_is_gone_on_with_after_its_worker_s_death(bench: PodBench, owner: FirstOwner) -> None:
    request = bench.request({"how": "progress", "pause_s": 1}, timeout_s=120)
    handle = owner.begin(request, until_line="line 1")
    owner.kill()
    assert handle is not None
    assert bench.runtime.sweep_orphans({request.key}) == 0
    assert bench.runtime.sweep(set(), {request.key}) == 0

    result = bench.runtime.attach(request, handle, ear := Ear())

    assert result.status is RunStatus.COMPLETED, result
    assert json.loads(result.result_json or b"") == {"answer": "done"}
    assert result.log is not None
    assert result.log.text() == "line 1\nline 2\nline 3\nline 4\n"
    assert "line 1" not in ear.lines
    assert ear.lines[-1] == "line 4"


def test_what_ended_while_nobody_watched_is_collected(bench: PodBench, owner: FirstOwner) -> None:
    request = bench.request({"how": "progress", "after_s": 1}, timeout_s=120)
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    time.sleep(4)

    result = bench.runtime.attach(request, handle, Ear())

    assert json.loads(result.result_json or b"") == {"answer": "done"}


def test_what_is_not_waited_for_is_swept(bench: PodBench, owner: FirstOwner) -> None:
    request = bench.request({"how": "loop"}, timeout_s=120)
    owner.begin(request)
    owner.kill()

    assert bench.runtime.sweep({request.key}) == 1
    wait_until(lambda: not bench.pods(), timeout_s=30, interval_s=0.5)


def test_what_is_gone_or_elsewhere_is_lost(bench: PodBench, owner: FirstOwner) -> None:
    request = bench.request({"how": "loop"}, timeout_s=120)
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    bench.runtime.sweep(set())
    wait_until(lambda: not bench.pods(), timeout_s=30, interval_s=0.5)
    for told in (handle, handle.model_copy(update={"place": "elsewhere"})):
        error = bench.runtime.attach(request, told, Ear()).error
        assert error is not None
        assert error.kind is ErrorKind.LOST


def test_a_pod_that_is_deleted_is_lost(bench: PodBench, place_of_pods: Cluster) -> None:
    run = bench.start(bench.request({"how": "progress", "pause_s": 30}, timeout_s=120), ear := Ear())
    wait_until(lambda: ear.handles, timeout_s=60)
    place_of_pods.kubectl("-n", NAMESPACE, "delete", "pod", ear.handles[0].name, "--grace-period=1")

    error = run.result(60).error

    assert error is not None
    assert error.kind is ErrorKind.LOST


def test_an_image_that_is_nowhere_is_told(bench: PodBench) -> None:
    error = bench.run({"how": "echo"}, manifest=bench.manifest(docker_image="example.invalid/none:1")).error

    assert error is not None
    assert error.kind is ErrorKind.IMAGE


def test_what_no_node_has_room_for_is_told(bench: PodBench) -> None:
    manifest = bench.manifest(resources={"memory_mib": 900_000, "cpus": 1})
    error = bench.run({"how": "echo"}, manifest=manifest, timeout_s=60).error

    assert error is not None
    assert error.kind is ErrorKind.RESOURCES
    assert "memory" in error.message


def test_servers_and_images_own_commands_are_refused_with_a_reason(bench: PodBench) -> None:
    for manifest, told in ((bench.server(), "stay loaded"), (bench.manifest(command=None), "`command`")):
        error = bench.run({"how": "echo"}, manifest=manifest).error
        assert error is not None
        assert told in error.message


def test_a_spare_answers_at_once(bench: PodBench) -> None:
    manifest = bench.manifest(standby=1, resources={"memory_mib": 64, "cpus": 0.1})
    cold, warm = [], []
    for number in range(6):
        wait_until(lambda: number == 0 or bench.used.spares() == 1, timeout_s=60)  # noqa: B023
        began = time.perf_counter()
        result = bench.run({"how": "echo", "value": number}, manifest=manifest)
        took_ms = (time.perf_counter() - began) * 1000
        assert json.loads(result.result_json or b"") == {"answer": number}
        (warm if result.start is StartKind.STANDBY else cold).append(took_ms)

    print(f"cold {cold[0]:.0f} ms, from standby {statistics.median(warm):.0f} ms (n = {len(warm)})")
    assert len(warm) == 5
