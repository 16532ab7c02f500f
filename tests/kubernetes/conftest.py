"""A cluster and the platform on it, for all tests of this folder, which are `make test-kubernetes`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.port import Runtime
from analysis_server.runtimes.standby.limits import StandbyLimits
from tests.contract.runtimes.conftest import PLUGIN, plugin_dir, plugin_image
from tests.kubernetes.cluster.cluster import Cluster, find_binaries, running_cluster
from tests.kubernetes.platform import Platform, build_images, running_platform
from tests.kubernetes.pods import NAMESPACE, PodBench, make_runtime

__all__ = ["plugin_dir", "plugin_image"]

ASKED_FOR = "SATELLITE_TEST_KUBERNETES"


@pytest.fixture(scope="session")
def binaries() -> Path:
    """Kubernetes' own programs, built before."""
    if os.environ.get(ASKED_FOR) != "1":
        pytest.skip("a part of make test-kubernetes")
    found = find_binaries()
    assert found is not None, "make test-kubernetes builds Kubernetes first"
    return found


@pytest.fixture(scope="session")
def cluster(binaries: Path) -> Iterator[Cluster]:
    """A cluster with the images of the platform."""
    images = build_images()
    with running_cluster(binaries) as cluster:
        cluster.engine.take_images(*images)
        yield cluster


@pytest.fixture(scope="session")
def platform(cluster: Cluster) -> Iterator[Platform]:
    """The platform, with one worker."""
    with running_platform(cluster) as platform:
        yield platform


@pytest.fixture(scope="session")
def place_of_pods(cluster: Cluster, plugin_image: str) -> Cluster:
    """The cluster, with what pods of plugins need."""
    cluster.engine.take_images(plugin_image)
    cluster.kubectl("create", "namespace", NAMESPACE)
    return cluster


@pytest.fixture
def standby() -> StandbyLimits:
    """The limits of what is on standby."""
    return StandbyLimits(memory_reserve_mib=0)


@pytest.fixture
def runtime(place_of_pods: Cluster, standby: StandbyLimits) -> Iterator[Runtime]:
    """The runtime that makes pods."""
    made = make_runtime(place_of_pods.kubeconfig, standby)
    yield made
    made.close()


@pytest.fixture
def bench(place_of_pods: Cluster, runtime: Runtime, plugin_dir: Path) -> Iterator[PodBench]:
    """The runtime with plugins."""
    bench = PodBench(place_of_pods, runtime, plugin_dir=plugin_dir, source=PLUGIN)
    yield bench
    bench.assert_nothing_left()
