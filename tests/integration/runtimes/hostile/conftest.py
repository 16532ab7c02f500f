"""A plugin that tries to get out of its container, and what its tries came to."""

from __future__ import annotations

import contextlib
import json
import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunRequest, RunResult, RunStatus
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.testing import RecordingListener
from tests.contract.runtimes.bench import FILES, STACK, Bench
from tests.contract.runtimes.conftest import PLUGIN
from tests.integration.runtimes.conftest import ImageMaker

PROBES = Path(__file__).parent / "plugin" / "probes.py"
Try = tuple[Any, ...]
"""The name of a function of `probes.py`, and its arguments."""
Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intruder:
    """Runs the plugin on a bench."""

    bench: Bench
    image: str

    def manifest(self, **changes: Any) -> PluginManifest:
        given = {"docker_image": self.image, "command": ["python", "/app/probes.py"], "output_schema": {}}
        return self.bench.manifest(**{**given, **changes})

    def attempt(self, *attempt: Any, timeout_s: float = 60, **changes: Any) -> RunResult:
        """Run what makes a try in the plugin's own process."""
        job = {"tries": {}, "keep": [attempt]}
        return self.bench.run(job, manifest=self.manifest(**changes), timeout_s=timeout_s)

    def outcomes(
        self, tries: Mapping[str, Try], *, manifest: PluginManifest | None = None
    ) -> dict[str, Told]:
        """Return what each of the tries came to."""
        result = self.bench.run({"tries": tries}, manifest=manifest or self.manifest(), timeout_s=120)
        assert result.status is RunStatus.COMPLETED, result
        found: dict[str, Told] = json.loads(result.result_json or b"")["answer"]
        return found

    def outcome(self, *attempt: Any, **changes: Any) -> Told:
        return self.outcomes({"it": attempt}, manifest=self.manifest(**changes))["it"]

    @contextlib.contextmanager
    def keeping(
        self, *attempts: Try, timeout_s: float = 120, **changes: Any
    ) -> Iterator[tuple[RunRequest, Future[RunResult]]]:
        """Run what makes these tries and stays; it is there during the block."""
        job = {"tries": {}, "keep": attempts}
        request = self.bench.request(job, manifest=self.manifest(**changes), timeout_s=timeout_s)
        ear = RecordingListener()
        future = self.bench.start(request, ear)
        assert ear.heard.wait(60)
        try:
            yield request, future
        finally:
            self.bench.runtime.cancel(request.key)
            future.result(60)


@pytest.fixture(scope="session")
def intruder_image(make_image: ImageMaker) -> str:
    if platform.machine() != "x86_64":
        pytest.skip("the tries are made for x86-64")
    return make_image(
        "COPY probes.py /app/probes.py",
        "RUN cp /usr/bin/id /setuid-id && chmod 4755 /setuid-id && echo of-the-image > /etc/marker",
        files={"probes.py": PROBES.read_bytes()},
    )


@pytest.fixture(scope="session")
def session_bench(plugin_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a bench for what one run answers for many tests."""
    runtime = ContainerRuntime(stack_id=STACK, files_dir=FILES, variables=WorkerVariables.read())
    bench = Bench(runtime, plugin_dir=tmp_path_factory.mktemp("plugins"), source=PLUGIN)
    yield bench
    bench.assert_nothing_left()


@pytest.fixture
def intruder(bench: Bench, intruder_image: str) -> Intruder:
    return Intruder(bench=bench, image=intruder_image)


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, session_bench: Bench, intruder_image: str) -> Callable[[str], Told]:
    """Return what tells the outcome of a try of the module's `TRIES`, all of which one container makes."""
    tries: Mapping[str, Try] = request.module.TRIES
    found = Intruder(bench=session_bench, image=intruder_image).outcomes(tries)
    return found.__getitem__
