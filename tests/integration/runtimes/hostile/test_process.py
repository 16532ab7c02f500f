"""What the process runtime fences: as root nearly all that a container does, see `process/sandbox.py`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.plugin_users import PROCESS_USERS
from analysis_server.runtimes.process.command import PROCESSES_MAX
from analysis_server.runtimes.process.run_user import RunUser
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import STACK, Bench, processes_with
from tests.integration.runtimes.hostile.conftest import PROBES, Intruder, Told, Try

SANDBOX = ProcessSandbox.detect()
pytestmark = pytest.mark.skipif(
    not (SANDBOX.own_user and SANDBOX.own_places), reason="needs root, setpriv, unshare and mount"
)

CALLS = (
    "mount", "umount", "chroot", "pivot_root", "fsopen", "setuid", "setgroups", "bpf", "open_by_handle_at",
    "init_module", "sethostname", "settimeofday", "swapon", "iopl",
)  # fmt: skip
WRITES = (
    "/etc/satellite-test",
    "/proc/sys/kernel/core_pattern",
    "/usr/satellite-test",
    "/var/satellite-test",
)
TRIES: dict[str, Try] = {
    **{f"call {name}": ("call", name) for name in CALLS},
    **{f"write {path}": ("write", path, "x") for path in WRITES},
    "user": ("user",),
    "status": ("status",),
    "shadow": ("read", "/etc/shadow"),
    "processes": ("environments",),
    "tmp": ("listing", "/tmp"),
    "shared memory": ("listing", "/dev/shm"),
    "engine": ("reach", "/var/run/docker.sock"),
    "setuid program": ("run_program", shutil.which("su") or "/bin/su", "-c", "id"),
    "fill": ("fill", "/tmp", 80),
    "lo": ("serve_oneself",),
}


@pytest.fixture(scope="module")
def session_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    plugins = tmp_path_factory.mktemp("plugins")
    runtime = ProcessRuntime(
        stack_id=STACK,
        state_dir=tmp_path_factory.mktemp("state"),
        plugin_dirs=[plugins],
        variables=WorkerVariables.read(),
    )
    bench = Bench(runtime, plugin_dir=plugins, source=PROBES.parent)
    yield bench
    bench.assert_nothing_left()


@pytest.fixture(scope="module")
def intruder_image() -> str:
    return "satellite-test/none:1"


@pytest.fixture
def intruder(session_bench: Bench, intruder_image: str) -> Intruder:
    return Intruder(bench=session_bench, image=intruder_image)


@pytest.mark.parametrize("name", CALLS)
def test_calls_for_root_are_refused(told: Callable[[str], Told], name: str) -> None:
    assert "refused" in told(f"call {name}")


@pytest.mark.parametrize("path", WRITES)
def test_the_machines_files_cannot_be_written(told: Callable[[str], Told], path: str) -> None:
    assert told(f"write {path}").get("refused") in {"EACCES", "EPERM"}


def test_it_has_a_user_of_its_own_without_rights(told: Callable[[str], Told]) -> None:
    [user] = set(told("user")["done"])
    assert user in PROCESS_USERS
    status = told("status")["done"]
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert "uid=0" not in str(told("setuid program"))


def test_secrets_of_the_machine_and_the_engine_are_closed(told: Callable[[str], Told]) -> None:
    assert told("shadow") == {"refused": "EACCES"}
    assert told("engine").get("refused") in {"EACCES", "ENOENT"}


def test_it_sees_its_own_processes_and_places_only(told: Callable[[str], Told]) -> None:
    assert len(told("processes")["done"]) < 6
    assert f"PATH={os.environ['PATH']}" not in str(told("processes"))
    assert told("shared memory") == {"done": []}
    assert len(told("tmp")["done"]) <= 1


def test_what_it_writes_to_its_tmp_is_limited(told: Callable[[str], Told]) -> None:
    assert told("fill") == {"done": 64 * 1024 * 1024}


def test_its_processes_are_few(intruder: Intruder) -> None:
    # What they share counts once for each of them.
    started = intruder.outcome("fork_all", 2 * PROCESSES_MAX, resources={"memory_mib": 16_384})["done"]
    assert PROCESSES_MAX - 10 <= started < PROCESSES_MAX


def test_it_can_talk_with_itself(told: Callable[[str], Told]) -> None:
    assert told("lo") == {"done": "welcome"}


def test_no_service_of_the_machine_is_reached(intruder: Intruder) -> None:
    with socket.create_server(("", 0)) as listener:
        port = listener.getsockname()[1]
        told = intruder.outcomes(
            {
                "loopback": ("connect", "127.0.0.1", port),
                "outside": ("connect", "198.51.100.1", 80),
                "abstract": ("reach", "\0satellite-test-nobody"),
            }
        )
    assert told["loopback"] == {"refused": "ECONNREFUSED"}
    assert told["outside"] == {"refused": "ENETUNREACH"}


def test_runs_at_the_same_time_see_nothing_of_each_other(intruder: Intruder) -> None:
    token = uuid.uuid4().hex
    with intruder.keeping(("write", "/tmp/note", token), env={"PRIVATE": token}) as (request, holder):
        told = intruder.outcomes(
            {
                "note": ("exists", "/tmp/note"),
                "environments": ("environments",),
                "runs": ("run_program", "/usr/bin/find", "/tmp", "-name", f"job-{request.job_id}-*"),
            }
        )
        assert not holder.done()
    assert told["note"] == {"done": False}
    assert token not in str(told["environments"])
    assert told["runs"] == {"done": ""}


def test_nothing_outlives_its_job(intruder: Intruder) -> None:
    token = uuid.uuid4().hex
    error = intruder.attempt("stay", env={"TOKEN": token}, timeout_s=4).error
    assert error is not None
    assert error.kind is ErrorKind.TIMEOUT
    assert not processes_with(token)


def test_killing_all_that_it_may_ends_only_itself(intruder: Intruder) -> None:
    with intruder.keeping() as (_, neighbour):
        assert intruder.attempt("end_all", timeout_s=3).error is not None
        assert not neighbour.done()


def test_no_two_runs_have_one_user() -> None:
    users = [RunUser() for _ in range(200)]
    try:
        assert len({user.id for user in users}) == len(users)
        taken = socket.socket(socket.AF_UNIX)
        with taken, pytest.raises(OSError, match="in use"):
            taken.bind(f"\0satellite-user-{users[0].id}")
    finally:
        for user in users:
            user.release()


def test_a_worker_that_is_not_root_has_namespaces_where_it_may() -> None:
    """The tools that a worker with another user would call, called as one."""
    sandbox = ProcessSandbox(is_root=False, own_user=False, namespaces=True, own_places=False)
    command = sandbox.command(
        ["sh", "-c", "id -u; ls -d /proc/[0-9]* | wc -l; grep -c : /proc/net/dev"],
        prepare="", user=None, network=False,
    )  # fmt: skip
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    if subprocess.run([*as_nobody, "unshare", "--user", "true"], check=False).returncode != 0:
        pytest.skip("users make no namespaces here")
    told = subprocess.run(
        [*as_nobody, *command], check=True, capture_output=True, text=True, timeout=20
    ).stdout
    user, processes, networks = map(int, told.split())
    assert user == 65534
    assert processes < 10
    assert networks == 1


def test_a_source_whose_folders_are_closed_is_found(intruder: Intruder) -> None:
    """As of a checkout in root's home: `tmp_path` of tests is closed to others too."""
    assert Path("/tmp", f"pytest-of-{os.environ.get('USER', 'root')}").stat().st_mode & 0o007 == 0
    assert "done" in intruder.outcome("user")
