"""The runtimes under contract, and a plugin for them that is made from a few lines of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, probe
from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import Runtime
from analysis_server.runtimes.process.environment import sdk_folder
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.shelf import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from tests.contract.runtimes.bench import IMAGE, STACK, Bench

PLUGIN = Path(__file__).parent / "plugin"
VARIABLES = WorkerVariables.read({**os.environ, "SATELLITE_SECRET_TOKEN": "given"})


def engine_answers() -> bool:
    try:
        probe(VARIABLES.engine)
    except ENGINE_FAULTS:
        return False
    return True


@pytest.fixture(scope="session")
def plugin_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not engine_answers():
        if os.environ.get("SATELLITE_REQUIRE_DOCKER") == "1":
            pytest.fail("SATELLITE_REQUIRE_DOCKER=1, but no container engine answers")
        pytest.skip("no container engine answers")
    context = tmp_path_factory.mktemp("image") / "context"
    shutil.copytree(PLUGIN, context)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(sdk_folder(), context / "satellite" / "plugin", ignore=ignored)
    (context / "satellite" / "__init__.py").touch()
    subprocess.run(
        ["docker", "build", "--quiet", "--network", "host", "-t", IMAGE, str(context)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return IMAGE


@pytest.fixture(scope="session")
def plugin_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plugins")


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> ServerLimits:
    """Return the limits of the servers; a test or its module may say otherwise.

    Where a server is not ready in time its job fails and nothing is heard of it. Beside 14 busy processes on
    two processors two servers took 4 to 7.5 s from their submission to their first lines (2026-11-25).
    """
    return getattr(request, "param", ServerLimits(ready_timeout_s=60, backoff_s=0.1))


@pytest.fixture
def standby() -> StandbyLimits:
    """Return the limits of what is on standby; a test module may say otherwise."""
    return StandbyLimits()


@pytest.fixture(params=["process", pytest.param("container", marks=pytest.mark.docker)])
def runtime(
    request: pytest.FixtureRequest,
    state_dir: Path,
    plugin_dir: Path,
    servers: ServerLimits,
    standby: StandbyLimits,
) -> Iterator[Runtime]:
    made: Runtime
    if request.param == "container":
        request.getfixturevalue("plugin_image")
        made = ContainerRuntime(stack_id=STACK, variables=VARIABLES, servers=servers, standby=standby)
    else:
        made = ProcessRuntime(
            stack_id=STACK,
            state_dir=state_dir,
            plugin_dir=plugin_dir,
            variables=VARIABLES,
            servers=servers,
            standby=standby,
        )
    yield made
    made.close()


@pytest.fixture
def bench(runtime: Runtime, plugin_dir: Path) -> Iterator[Bench]:
    bench = Bench(runtime, plugin_dir=plugin_dir, source=PLUGIN)
    yield bench
    bench.assert_nothing_left()
