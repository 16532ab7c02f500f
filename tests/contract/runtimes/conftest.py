"""The runtimes under contract, and a plugin for them that is made from a few lines of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, probe
from analysis_server.runtimes.port import Runtime
from analysis_server.runtimes.process.environment import sdk_folder
from analysis_server.runtimes.runtime_set import RuntimeSet
from analysis_server.runtimes.secrets.place import SecretPlace
from analysis_server.runtimes.secrets.port import NoStoredSecrets, StoredSecrets
from analysis_server.runtimes.selection import RuntimeOptions, make_runtimes
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.requires import RuntimeName
from tests.contract.runtimes.bench import FILES, IMAGE, STACK, Bench

PLUGIN = Path(__file__).parent / "plugin"
VARIABLES = WorkerVariables.read(
    {
        **os.environ,
        "SATELLITE_SECRET_TOKEN": "given",
        "SATELLITE_SECRET_LONG_TOKEN": "a token that is long enough to be masked",
    }
)


def engine_answers() -> bool:
    try:
        probe(VARIABLES.engine)
    except ENGINE_FAULTS:
        return False
    return True


def require_engine() -> None:
    """Skip a test where no engine answers, or fail it where one has to."""
    if not engine_answers():
        if os.environ.get("SATELLITE_REQUIRE_DOCKER") == "1":
            pytest.fail("SATELLITE_REQUIRE_DOCKER=1, but no container engine answers")
        pytest.skip("no container engine answers")


@pytest.fixture(scope="session")
def plugin_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    require_engine()
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


@pytest.fixture
def stored() -> StoredSecrets:
    """Return where stored secrets come from: nowhere, unless a test module says otherwise."""
    return NoStoredSecrets()


DOCKER = pytest.mark.docker
SET = "process of a set"


@pytest.fixture(params=["process", pytest.param("container", marks=DOCKER), pytest.param(SET, marks=DOCKER)])
def runtime(
    request: pytest.FixtureRequest,
    state_dir: Path,
    plugin_dir: Path,
    servers: ServerLimits,
    standby: StandbyLimits,
) -> Iterator[Runtime]:
    names: dict[str, tuple[RuntimeName, ...]] = {"container": ("container",), "process": ("process",)}
    chosen = names.get(request.param, ("container", "process"))
    if "container" in chosen:
        request.getfixturevalue("plugin_image")
    options = RuntimeOptions(
        stack_id=STACK,
        state_dir=state_dir,
        files_dir=FILES,
        plugin_dirs=[plugin_dir],
        variables=VARIABLES,
        servers=servers,
        standby=standby,
        stored_secrets=request.getfixturevalue("stored"),
        secret_place=SecretPlace(stack_id=STACK),
    )
    made = make_runtimes(chosen, options)
    yield made
    made.close()


@pytest.fixture
def bench(runtime: Runtime, plugin_dir: Path) -> Iterator[Bench]:
    of_set: RuntimeName | None = "process" if isinstance(runtime, RuntimeSet) else None
    bench = Bench(runtime, plugin_dir=plugin_dir, source=PLUGIN, of_set=of_set)
    yield bench
    bench.assert_nothing_left()
