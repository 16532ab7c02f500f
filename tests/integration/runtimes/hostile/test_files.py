"""A plugin sees the files of its image and its own, none of the machine and none of other runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.runtimes.hostile.conftest import Intruder, Told, Try

pytestmark = pytest.mark.docker

SOCKETS = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
]
TRIES: dict[str, Try] = {
    **{path: ("exists", path) for path in SOCKETS},
    "disks": ("listing", "/dev"),
    "root of the first process": ("read", "/proc/1/root/etc/marker"),
    "marker": ("read", "/etc/marker"),
    "shadow": ("read", "/etc/shadow"),
    "environment of the first process": ("read", "/proc/1/environ"),
    "processes": ("environments",),
}


@pytest.mark.parametrize("path", SOCKETS)
def test_no_engine_can_be_asked(told: Callable[[str], Told], path: str) -> None:
    assert told(path) == {"done": False}


def test_it_sees_its_image_and_no_disk(told: Callable[[str], Told]) -> None:
    assert told("marker") == {"done": "of-the-image\n"}
    assert told("root of the first process") in ({"done": "of-the-image\n"}, {"refused": "EACCES"})
    assert told("shadow") == {"refused": "EACCES"}
    assert not [
        name for name in told("disks")["done"] if name.startswith(("sd", "vd", "nvme", "mem", "kmsg"))
    ]


@pytest.fixture
def host_file() -> Iterator[Path]:
    path = Path("/var/tmp") / f"satellite-{uuid.uuid4().hex}"
    path.write_text("of the machine")
    yield path
    path.unlink()


def test_it_sees_no_file_of_the_machine(intruder: Intruder, host_file: Path) -> None:
    ways = (host_file, f"/proc/1/root{host_file}", f"/proc/self/cwd/..{host_file}", f"/host{host_file}")
    told = intruder.outcomes({str(path): ("exists", str(path)) for path in ways})
    assert set(map(str, told.values())) == {"{'done': False}"}


def test_runs_at_the_same_time_see_nothing_of_each_other(intruder: Intruder) -> None:
    token = uuid.uuid4().hex
    leaves = [("write", "/tmp/note", token), ("write", "/dev/shm/note", token)]
    with intruder.keeping(*leaves, env={"PRIVATE": token}):
        told = intruder.outcomes(
            {
                "note": ("exists", "/tmp/note"),
                "shared": ("exists", "/dev/shm/note"),
                "environments": ("environments",),
            }
        )
    assert told["note"] == told["shared"] == {"done": False}
    assert "TMPDIR" in str(told["environments"])
    assert token not in str(told["environments"])
