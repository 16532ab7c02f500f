"""What becomes of a run whose process is killed: who attaches to it has all of it, or it is told as lost."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from analysis_server.runtimes.container import attached_run
from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunStatus, Runtime
from analysis_server.runtimes.process.runtime import ProcessRuntime
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.run_handle import RunHandle
from tests.contract.runtimes.bench import FILES, STACK, Bench, Ear, containers
from tests.contract.runtimes.conftest import VARIABLES
from tests.contract.runtimes.first_owner import FirstOwner, first_owner
from tests.fixtures.servers import wait_until

in_containers = pytest.mark.parametrize(
    "runtime", [pytest.param("container", marks=pytest.mark.docker)], indirect=True
)


def make_container_runtime() -> Runtime:
    return ContainerRuntime(stack_id=STACK, files_dir=FILES, variables=VARIABLES)


def make_process_runtime(state_dir: Path, plugin_dir: Path) -> Runtime:
    return ProcessRuntime(stack_id=STACK, state_dir=state_dir, plugin_dirs=[plugin_dir], variables=VARIABLES)


@pytest.fixture
def owner(runtime: Runtime, state_dir: Path, plugin_dir: Path) -> Iterator[FirstOwner]:
    """Return a process with a runtime like the one under test."""
    make = make_container_runtime
    if runtime.name == "process":
        make = partial(make_process_runtime, state_dir, plugin_dir)
    with first_owner(make) as owner:
        yield owner


def handle_for(bench: Bench, **changes: object) -> RunHandle:
    now = datetime.now(UTC)
    place = bench.runtime.place() or "nowhere"
    handle = RunHandle(
        runtime=bench.runtime.name, place=place, name="0" * 64, began_at=now, deadline_at=now + timedelta(60)
    )
    return handle.model_copy(update=changes)


def running(handle: RunHandle) -> bool:
    told = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Running}}", handle.name], capture_output=True, text=True
    )
    return "true" in told.stdout


def test_a_run_is_found_again_by_its_handle_or_told_as_lost(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "progress", "pause_s": 1})
    handle = owner.begin(request, until_line="line 1")
    owner.kill()
    assert (handle is None) == (bench.runtime.place() is None)
    ear = Ear()
    result = bench.runtime.attach(request, handle or handle_for(bench), ear)
    if bench.runtime.place() is None:
        assert result.error is not None
        assert result.error.kind is ErrorKind.LOST
        assert "none can be attached to" in result.error.message
        bench.runtime.sweep_orphans()
        return
    assert result.status is RunStatus.COMPLETED, result
    assert json.loads(result.result_json or b"") == {"answer": "done"}
    assert result.log is not None
    assert result.log.text() == "line 1\nline 2\nline 3\nline 4\n"
    assert result.progress == 1.0
    assert ear.fractions[-1] == (1.0, "step 4")
    assert "line 1" not in ear.lines
    assert ear.lines[-1] == "line 4"
    assert result.ran_ms >= 3_000


@in_containers
def test_what_ended_while_nobody_watched_is_collected(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "progress", "after_s": 2})
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    wait_until(lambda: not running(handle))
    result = bench.runtime.attach(request, handle, Ear())
    assert json.loads(result.result_json or b"") == {"answer": "done"}
    assert result.log is not None
    assert result.log.text() == "line 1\nline 2\nline 3\nline 4\n"


@in_containers
def test_how_it_ended_is_told_as_ever(bench: Bench, owner: FirstOwner) -> None:
    jobs = {
        ErrorKind.EXIT: {"how": "exit", "code": 3},
        ErrorKind.KILLED: {"how": "signal", "number": 11},
        ErrorKind.OOM: {"how": "hog"},
        ErrorKind.OUTPUT: {"how": "write", "text": "not json"},
    }
    requests = {kind: bench.request({**job, "after_s": 3}) for kind, job in jobs.items()}
    handles = {kind: owner.begin(request) for kind, request in requests.items()}
    owner.kill()
    for kind, request in requests.items():
        handle = handles[kind]
        assert handle is not None
        error = bench.runtime.attach(request, handle, Ear()).error
        assert error is not None
        assert error.kind is kind, error


@in_containers
def test_the_deadline_counts_from_the_first_start(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "loop"}, timeout_s=2)
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    wait_until(lambda: datetime.now(UTC) > handle.deadline_at)
    began = time.monotonic()
    error = bench.runtime.attach(request, handle, Ear()).error
    assert error is not None
    assert error.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - began < 20


@in_containers
def test_a_run_that_was_attached_to_can_be_cancelled(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "loop"})
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    threading.Timer(1, bench.runtime.cancel, (request.key,)).start()
    assert bench.runtime.attach(request, handle, Ear()).status is RunStatus.CANCELLED
    assert not containers()


@in_containers
def test_a_cancel_just_before_it_holds(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "loop"})
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    bench.runtime.cancel(request.key)
    assert bench.runtime.attach(request, handle, Ear()).status is RunStatus.CANCELLED


@in_containers
def test_no_handle_is_told_before_all_input_was_handed_over(bench: Bench) -> None:
    # More than pipes and sockets hold, for a plugin that reads nothing of it.
    manifest = bench.manifest(command=["sh", "-c", "echo begun >&2; sleep 600"])
    request = bench.request({"how": "echo", "value": "x" * 900_000}, manifest=manifest)
    run = bench.start(request, ear := Ear())
    wait_until(lambda: ear.lines)
    assert ear.handles == []
    bench.runtime.cancel(request.key)
    run.result()


@in_containers
def test_neither_janitor_takes_what_will_be_gone_on_with(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "progress", "pause_s": 1})
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    assert bench.runtime.sweep_orphans({request.key}) == 0
    assert bench.runtime.sweep_orphans(None) == 0
    assert bench.runtime.sweep(set(), {request.key}) == 0
    attached = threading.Thread(target=bench.runtime.attach, args=(request, handle, ear := Ear()))
    attached.start()
    wait_until(lambda: ear.lines)
    assert bench.runtime.sweep(set()) == 0, "its owner is the runtime that attached to it"
    attached.join()


@in_containers
def test_what_is_not_waited_for_is_swept(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "loop"})
    owner.begin(request)
    owner.kill()
    assert bench.runtime.sweep({request.key}) == 1, "a lease does not help who has died"
    wait_until(lambda: not containers())


@in_containers
def test_what_is_gone_or_elsewhere_is_lost(bench: Bench) -> None:
    request = bench.request({"how": "echo"})
    for handle in (handle_for(bench), handle_for(bench, place="another"), handle_for(bench, runtime="pod")):
        error = bench.runtime.attach(request, handle, Ear()).error
        assert error is not None
        assert error.kind is ErrorKind.LOST


@in_containers
def test_output_that_may_lack_its_beginning_is_lost(bench: Bench, owner: FirstOwner) -> None:
    request = bench.request({"how": "flood", "bytes": 40_000_000, "after_s": 2}, timeout_s=60)
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    wait_until(lambda: not running(handle))
    result = bench.runtime.attach(request, handle, Ear())
    assert result.error is not None
    assert (result.error.kind, result.error.message) == (ErrorKind.LOST, attached_run.CUT)


def test_neither_servers_nor_spares_are_told_of(bench: Bench) -> None:
    bench.run({"how": "echo"}, manifest=bench.server(), ear=(ear := Ear()))
    assert ear.handles == []
