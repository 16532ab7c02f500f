"""What every runtime does when servers are unused, or have lost their worker."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunResult, RunStatus
from analysis_server.runtimes.serving.limits import ServerLimits
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import FILES, STACK, Bench, containers, marked_processes
from tests.fixtures.servers import wait_until


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> ServerLimits:
    return ServerLimits(idle_ttl_s=getattr(request, "param", 600), ready_timeout_s=60)


def use(bench: Bench, manifest: PluginManifest, **job: Any) -> RunResult:
    result = bench.run({"how": "echo", **job}, manifest=manifest)
    assert result.status is RunStatus.COMPLETED, result
    return result


def loaded(bench: Bench) -> list[str]:
    return [each.split()[0] for each in bench.used.loaded()]


@pytest.mark.parametrize("servers", [5], indirect=True)
def test_an_unused_server_goes(bench: Bench) -> None:
    use(bench, bench.server())
    assert loaded(bench)
    wait_until(lambda: not containers() and not marked_processes())
    assert not loaded(bench)


def test_servers_of_a_dead_worker_are_swept(bench: Bench, plugin_dir: Path, state_dir: Path) -> None:
    request = bench.request({"how": "echo"}, manifest=bench.server())
    if isinstance(bench.runtime, ContainerRuntime):
        made = f"ContainerRuntime(stack_id={STACK!r}, files_dir=Path({str(FILES)!r}))"
    else:
        made = (
            f"ProcessRuntime(stack_id={STACK!r}, state_dir=Path({str(state_dir)!r}), "
            f"plugin_dirs=[Path({str(plugin_dir)!r})])"
        )
    script = f"""
        import sys, time, pickle
        from pathlib import Path
        from analysis_server.runtimes.container.runtime import ContainerRuntime
        from analysis_server.runtimes.process.runtime import ProcessRuntime
        from analysis_server.runtimes.port import SilentListener
        runtime = {made}
        result = runtime.run(pickle.loads({pickle.dumps(request)!r}), SilentListener())
        print(result.status, flush=True)
        time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        assert next(line for line in worker.stdout if "environment" not in line).strip() == "completed"
        assert bench.runtime.sweep(set()) == 0
        assert containers() or marked_processes()
        os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: bench.runtime.sweep(set()) == 0 and not containers())
    wait_until(lambda: not marked_processes())
