"""What a worker finds out at its start about what it does not stop."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis_server.runtimes.container.creation import EngineUnfit
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.weaknesses import find_weaknesses
from satellite.container_engine.address import EngineAddress
from satellite.testing.messages import heartbeat_of

ENGINE = EngineAddress.read(os.environ)


def test_processes_are_never_called_isolated() -> None:
    found = find_weaknesses("process", engine=ENGINE, containers=ContainerOptions())
    assert "run as processes" in found[0]
    assert not heartbeat_of(runtime="process", weaknesses=found).isolates
    assert heartbeat_of(runtime="container").isolates


def test_an_engine_that_does_not_answer_is_told(tmp_path: Path) -> None:
    nowhere = EngineAddress(docker={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    [found] = find_weaknesses("container", engine=nowhere, containers=ContainerOptions())
    assert "does not answer" in found


@pytest.mark.docker
@pytest.mark.usefixtures("plugin_image")
def test_a_worker_is_not_made_whose_engine_lacks_what_the_settings_demand() -> None:
    with pytest.raises(EngineUnfit, match="no-such-runtime"):
        find_weaknesses(
            "container", engine=ENGINE, containers=ContainerOptions(oci_runtime="no-such-runtime")
        )


@pytest.mark.docker
@pytest.mark.usefixtures("plugin_image")
def test_a_network_that_is_taken_as_it_is_is_told() -> None:
    found = find_weaknesses("container", engine=ENGINE, containers=ContainerOptions(network="lan"))
    assert any("'lan'" in each for each in found)
