"""No process of a plugin outlives its worker, and none is killed that only has the id of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from analysis_server.runtimes.owner import owner_is_dead, owner_label
from analysis_server.runtimes.port import SilentListener
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from analysis_server.runtimes.process_table import kill_process, read_process
from tests.contract.runtimes.bench import STACK, Bench, marked_processes, processes_with
from tests.contract.runtimes.conftest import PLUGIN
from tests.fixtures.servers import wait_until

WORKER = """
    import sys
    from pathlib import Path
    from analysis_server.runtimes.process.runtime import ProcessRuntime
    from analysis_server.runtimes.process.sandbox import ProcessSandbox
    from tests.contract.runtimes.bench import Bench
    from tests.contract.runtimes.conftest import PLUGIN

    stack_id, state_dir, plugin_dir, token, fences = sys.argv[1:]
    unfenced = ProcessSandbox(is_root=True, own_user=False, namespaces=False, own_places=False)
    runtime = ProcessRuntime(
        stack_id=stack_id,
        state_dir=Path(state_dir),
        plugin_dirs=[Path(plugin_dir)],
        sandbox=unfenced if fences == "unfenced" else None,
    )
    bench = Bench(runtime, plugin_dir=Path(plugin_dir), source=PLUGIN)
    bench.run({"how": "loop", "token": token}, timeout_s=120)
"""


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def dying_worker(
    request: pytest.FixtureRequest, tmp_path: Path, state_dir: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Return a process that runs a plugin, which has started children of all kinds that hold a token.

    Behind no fences unless a test says so: a namespace would end with its first process by itself.
    """
    fences = getattr(request, "param", "unfenced")
    token = uuid.uuid4().hex
    plugin_dir = tmp_path / "plugins"
    plugin_dir.mkdir()
    script = textwrap.dedent(WORKER)
    command = [sys.executable, "-c", script, STACK, str(state_dir), str(plugin_dir), token, fences]
    worker = subprocess.Popen(command)
    children = lambda: [pid for pid in processes_with(token) if pid != worker.pid]  # noqa: E731
    try:
        # Its own leader, one that left the session, and one that left the environment too.
        wait_until(lambda: len(children()) >= 2, timeout_s=60)
        yield worker, token
    finally:
        worker.kill()
        worker.wait()


def test_when_a_worker_is_killed_its_guard_ends_what_the_plugin_started(
    dying_worker: tuple[subprocess.Popen[bytes], str],
) -> None:
    worker, token = dying_worker
    worker.kill()
    worker.wait()
    wait_until(lambda: not processes_with(token))


def test_when_the_guard_is_killed_too_the_next_worker_ends_it(
    dying_worker: tuple[subprocess.Popen[bytes], str], state_dir: Path, tmp_path: Path
) -> None:
    worker, token = dying_worker
    guard_of(worker).kill()
    worker.kill()
    worker.wait()
    assert processes_with(token)
    runtime = ProcessRuntime(stack_id=STACK, state_dir=state_dir, plugin_dirs=())
    try:
        assert runtime.sweep_orphans() >= 2
        assert not processes_with(token)
        assert runtime.sweep_orphans() == 0
    finally:
        runtime.close()
    assert not list((state_dir / "runs").iterdir())


@pytest.mark.skipif(not ProcessSandbox.detect().namespaces, reason="there are no namespaces here")
@pytest.mark.parametrize("dying_worker", ["fenced"], indirect=True)
def test_in_a_namespace_all_ends_with_the_worker_though_nobody_looks(
    dying_worker: tuple[subprocess.Popen[bytes], str],
) -> None:
    worker, token = dying_worker
    guard_of(worker).kill()
    worker.kill()
    worker.wait()
    wait_until(lambda: not processes_with(token))


def test_a_sweep_ends_what_a_run_left_that_is_not_live(bench_on: Bench, state_dir: Path) -> None:
    request = bench_on.request({"how": "loop"}, timeout_s=60)
    before = set(marked_processes())
    run = bench_on.start(request, SilentListener())
    wait_until(lambda: set(marked_processes()) - before)
    other = ProcessRuntime(stack_id=STACK, state_dir=state_dir, plugin_dirs=())
    try:
        assert other.sweep({request.key}) == 0
        assert other.sweep(set()) >= 1
        assert run.result(60).error is not None
    finally:
        other.close()


def test_a_process_that_has_only_the_id_is_not_killed() -> None:
    child = subprocess.Popen(["sleep", "600"])
    try:
        row = read_process(child.pid)
        assert row is not None
        assert not kill_process(replace(row, started=row.started - 1))
        assert child.poll() is None
        assert kill_process(row)
        assert child.wait(60) == -signal.SIGKILL
        assert not kill_process(row)
    finally:
        child.kill()
        child.wait()


def test_an_owner_is_known_by_its_start_and_not_by_the_time_of_day() -> None:
    host, pid, started = owner_label().split("/")
    assert int(pid) == os.getpid()
    assert started.isdigit()
    assert not owner_is_dead(owner_label())
    assert owner_is_dead(f"{host}/{pid}/{int(started) - 1}")
    assert not owner_is_dead(f"elsewhere/{pid}/1")


@pytest.fixture
def bench_on(state_dir: Path, tmp_path: Path) -> Iterator[Bench]:
    plugin_dir = tmp_path / "plugins"
    plugin_dir.mkdir(exist_ok=True)
    runtime = ProcessRuntime(stack_id=STACK, state_dir=state_dir, plugin_dirs=[plugin_dir])
    bench = Bench(runtime, plugin_dir=plugin_dir, source=PLUGIN)
    yield bench
    bench.assert_nothing_left()


def guard_of(worker: subprocess.Popen[bytes]) -> psutil.Process:
    """Return the process whose stdin is a pipe of which the worker holds the other end."""
    held = {entry.readlink() for entry in Path(f"/proc/{worker.pid}/fd").iterdir()}
    [guard] = (
        process
        for process in psutil.process_iter(["cmdline"])
        if "analysis_server.runtimes.process.guard" in (process.info["cmdline"] or ())
        and Path(f"/proc/{process.pid}/fd/0").readlink() in held
    )
    return guard
