"""A plugin with `network` reaches public addresses, and neither the machine nor its neighbours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.container import fenced_network
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.container.runtime import ContainerRuntime
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import FILES, STACK, Bench, containers
from tests.contract.runtimes.conftest import PLUGIN
from tests.fixtures.servers import wait_until
from tests.integration.runtimes.hostile.conftest import Intruder
from tests.integration.runtimes.hostile.test_network import service

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a fenced network"),
]
__all__ = ["service"]

PORT = 4711
JUMP = ["-i", "satellite0", "-j", "SATELLITE-PLUGINS"]
PUBLIC, MACHINE_THERE = "198.51.100.2", "198.51.100.1"
PRIVATE, MACHINE_PRIVATE = "10.201.77.2", "10.201.77.1"
GREET = f"""
import socket
listener = socket.create_server(("", {PORT}))
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    connection.sendall(b"welcome")
    connection.close()
"""


def firewall(*change: str) -> str:
    return subprocess.run(
        ["iptables", "-w", "5", "-t", "raw", *change], check=True, capture_output=True, text=True, timeout=20
    ).stdout


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@pytest.fixture(scope="module", autouse=True)
def no_network_left(plugin_image: str) -> Iterator[None]:
    yield
    subprocess.run(
        ["docker", "network", "rm", fenced_network.NETWORK], check=True, capture_output=True, timeout=30
    )
    for change in (["-D", "PREROUTING", *JUMP], ["-F", "SATELLITE-PLUGINS"], ["-X", "SATELLITE-PLUGINS"]):
        firewall(*change)


@pytest.fixture
def outside() -> Iterator[None]:
    """Make a machine with a public and a private address, in a network namespace that this test owns."""
    name, near, far = (f"sat-{part}-{os.getpid() % 10_000}" for part in ("out", "n", "f"))
    ip("netns", "add", name)
    try:
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        for here, there in ((MACHINE_THERE, PUBLIC), (MACHINE_PRIVATE, PRIVATE)):
            ip("address", "add", f"{here}/30", "dev", near)
            ip("-n", name, "address", "add", f"{there}/30", "dev", far)
        ip("link", "set", near, "up")
        ip("-n", name, "link", "set", far, "up")
        ip("-n", name, "route", "add", "default", "via", MACHINE_THERE)
        server = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", GREET], stdout=subprocess.PIPE
        )
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
    finally:
        ip("netns", "del", name)


def address_of(container: str) -> str:
    told = subprocess.run(
        ["docker", "inspect", container], check=True, capture_output=True, text=True, timeout=20
    )
    [network] = json.loads(told.stdout)[0]["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


@pytest.mark.usefixtures("outside")
def test_it_reaches_what_is_public_and_nothing_else(intruder: Intruder, service: int) -> None:
    with intruder.keeping(("serve", PORT), network=True):
        [neighbour] = containers()
        told = intruder.outcomes(
            {
                "public": ("connect", PUBLIC, PORT),
                "private": ("connect", PRIVATE, PORT),
                "machine": ("connect", MACHINE_THERE, service),
                "machine by its private address": ("connect", MACHINE_PRIVATE, service),
                "gateway": ("connect", gateway(), service),
                "engine's gateway": ("connect", "172.17.0.1", service),
                "neighbour": ("connect", address_of(neighbour), PORT),
                "metadata": ("connect", "169.254.169.254", 80),
                "version 6": ("listing", "/proc/sys/net/ipv6/conf"),
            },
            manifest=intruder.manifest(network=True),
        )
    assert told.pop("public") == {"done": "welcome"}
    told.pop("version 6")
    assert {name: each for name, each in told.items() if "refused" not in each} == {}


def gateway() -> str:
    wanted = "{{(index .IPAM.Config 0).Gateway}}"
    told = subprocess.run(
        ["docker", "network", "inspect", "--format", wanted, fenced_network.NETWORK],
        check=True, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return told.stdout.strip()


def test_a_fence_that_was_taken_down_is_up_at_the_next_start(intruder: Intruder) -> None:
    assert "done" in intruder.outcome("user", network=True)
    firewall("-D", "PREROUTING", *JUMP)
    firewall("-F", "SATELLITE-PLUGINS")
    assert "done" in intruder.outcome("user", network=True)
    listed = firewall("-S")
    assert "-A PREROUTING -i satellite0 -j SATELLITE-PLUGINS" in listed
    assert "--dst-type LOCAL -j DROP" in listed


def test_without_a_fence_it_is_not_run_and_is_told_how(
    intruder: Intruder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fenced_network, "FILTERS_BRIDGES", Path("/no/such/file"))
    error = intruder.attempt("user", network=True).error
    assert error is not None
    assert error.kind is ErrorKind.RESOURCES
    assert "SATELLITE_WORKER_PLUGIN_NETWORK" in error.message
    wait_until(lambda: not containers())


def test_a_network_that_the_operator_made_is_taken_as_it_is(
    plugin_image: str, intruder_image: str, tmp_path: Path
) -> None:
    name = f"satellite-test-{os.getpid()}"
    subprocess.run(
        ["docker", "network", "create", "--internal", name], check=True, capture_output=True, timeout=30
    )
    runtime = ContainerRuntime(stack_id=STACK, files_dir=FILES, options=ContainerOptions(network=name))
    try:
        bench = Bench(runtime, plugin_dir=tmp_path, source=PLUGIN)
        intruder = Intruder(bench=bench, image=intruder_image)
        with intruder.keeping(network=True):
            [container] = containers()
            assert address_of(container)
        bench.assert_nothing_left()
    finally:
        runtime.close()
        subprocess.run(["docker", "network", "rm", name], check=True, capture_output=True, timeout=30)
