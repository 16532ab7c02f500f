"""A runtime that the settings demand is used or refused, and never left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.container.runtime import ContainerRuntime
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import FILES, STACK, Bench, containers
from tests.contract.runtimes.conftest import PLUGIN
from tests.integration.runtimes.hostile.conftest import Intruder

pytestmark = pytest.mark.docker


def test_a_runtime_that_the_engine_lacks_is_refused(intruder_image: str, tmp_path: Path) -> None:
    runtime = ContainerRuntime(
        stack_id=STACK, files_dir=FILES, options=ContainerOptions(oci_runtime="no-such-runtime")
    )
    bench = Bench(runtime, plugin_dir=tmp_path, source=PLUGIN)
    error = Intruder(bench=bench, image=intruder_image).attempt("user").error
    assert error is not None
    assert error.kind is ErrorKind.INTERNAL
    assert "SATELLITE_WORKER_OCI_RUNTIME" in error.message
    bench.assert_nothing_left()


def test_a_runtime_that_the_engine_has_runs_the_container(intruder_image: str, tmp_path: Path) -> None:
    runtime = ContainerRuntime(stack_id=STACK, files_dir=FILES, options=ContainerOptions(oci_runtime="runc"))
    bench = Bench(runtime, plugin_dir=tmp_path, source=PLUGIN)
    with Intruder(bench=bench, image=intruder_image).keeping():
        [container] = containers()
        told = subprocess.run(
            ["docker", "inspect", "--format", "{{.HostConfig.Runtime}}", container],
            check=True, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
    assert told.stdout == "runc\n"
    bench.assert_nothing_left()
