"""An image that cannot run its plugin ends the job as `image`, in every way of starting it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator

import pytest

from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import Bench, Ear
from tests.integration.runtimes.conftest import ImageMaker
from tests.integration.runtimes.image_faults import MODES, image_fault

pytestmark = pytest.mark.docker

OTHER_MACHINE = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x00" + bytes(4000)
"""The head of a program for RISC-V."""

BAD_FILES = {
    "crlf": (b"#!/bin/sh\r\necho hi\r\n", 755, "CR LF"),
    "no interpreter": (b"#!/no/such/interpreter\n", 755, "is not there"),
    "not executable": (b"#!/bin/sh\necho hi\n", 644, "chmod a+rx"),
    "for root only": (b"#!/bin/sh\necho hi\n", 700, "chmod a+rx"),
    "not readable": (b"#!/bin/sh\necho hi\n", 711, "chmod a+r`"),
    "other machine": (OTHER_MACHINE, 755, "another kind of machine"),
    "damaged": (b"\x7fELFgarbage", 755, "another kind of machine"),
    "of Windows": (b"MZ\x90\x00\x03\x00\x00\x00", 755, "another kind of machine"),
}
BAD_COMMANDS = {
    "no program": (["/no/such"], "is not there"),
    "no program on the path": (["nosuch"], "is not there"),
    "a folder": (["/usr"], "it is a folder"),
    "no script": (["python", "nosuch.py"], "finds no such file"),
    "no module": (["python", "-m", "nosuch"], "finds no such file"),
    "no shell script": (["sh", "nosuch.sh"], "finds no such file"),
    "no name": ([""], "has no name"),
}


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", BAD_COMMANDS)
def test_a_command_that_cannot_be_run(bench: Bench, name: str, mode: str) -> None:
    command, told = BAD_COMMANDS[name]
    manifest = bench.manifest(command=command, **MODES[mode])
    for _ in range(2):
        assert told in image_fault(bench.run({"how": "echo"}, manifest=manifest)).message


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_program_that_cannot_be_run(bench: Bench, make_image: ImageMaker, name: str) -> None:
    content, file_mode, told = BAD_FILES[name]
    image = make_image(
        "COPY run /opt/tools/run", f"RUN chmod {file_mode} /opt/tools/run && ln -s tools/run /opt/link",
        "ENV PATH=/opt/tools:$PATH", files={"run": content},
    )  # fmt: skip
    for command in (["/opt/tools/run"], ["/opt/link"], ["run"]):
        if command == ["run"] and file_mode != 755:
            # What may not be executed is not found on the path.
            continue
        manifest = bench.manifest(docker_image=image, command=command)
        assert told in image_fault(bench.run({"how": "echo"}, manifest=manifest)).message
    server = bench.server(docker_image=image).model_copy(update={"command": ["/opt/tools/run"]})
    assert told in image_fault(bench.run({"how": "echo"}, manifest=server)).message


def test_a_program_in_a_folder_of_root(bench: Bench, make_image: ImageMaker) -> None:
    image = make_image(
        "COPY run /root/run", "RUN chmod 700 /root", 'ENTRYPOINT ["/root/run"]', files={"run": b"#!/bin/sh\n"}
    )
    assert "/root" in image_fault(bench.run({}, manifest=bench.manifest(docker_image=image))).message


def test_an_image_without_a_command(bench: Bench, make_image: ImageMaker) -> None:
    manifest = bench.manifest(docker_image=make_image("ENTRYPOINT []", "CMD []"))
    assert "neither ENTRYPOINT nor CMD" in image_fault(bench.run({}, manifest=manifest)).message


@pytest.fixture
def commit(make_image: ImageMaker) -> Iterator[Callable[[str], str]]:
    """Return what makes an image by a change that a build would refuse."""
    made: list[str] = []

    def make(change: str) -> str:
        container = docker("create", make_image(), "true")
        made.append(docker("commit", "--change", change, container))
        docker("rm", container)
        return made[-1]

    yield make
    docker("rmi", "--force", *made)


@pytest.mark.parametrize("place", ["/app/main.py", "/app/main.py/below"])
@pytest.mark.parametrize("mode", MODES)
def test_a_working_directory_that_is_a_file(
    bench: Bench, commit: Callable[[str], str], place: str, mode: str
) -> None:
    manifest = bench.manifest(
        docker_image=commit(f"WORKDIR {place}"), command=["python", "/app/main.py"], **MODES[mode]
    )
    assert "WORKDIR" in image_fault(bench.run({"how": "echo"}, manifest=manifest)).message


@pytest.mark.parametrize(
    "name", ["UPPER/case:1", "a:b:c", "http://x/y", "docker.io/../../x", "sha256:" + "0" * 64]
)
def test_an_image_that_no_engine_has(bench: Bench, name: str) -> None:
    """Also one that was registered before such names were refused."""
    manifest = bench.manifest(docker_image=name)
    found = image_fault(bench.run({}, manifest=manifest))
    assert bench.runtime.prepare(manifest) == found
    assert name in found.message


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (126, ""),
        (127, "sh: 1: nosuch: not found"),
        (127, "[FATAL tini (7)] exec /x failed: Cannot allocate memory"),
        (126, "at work\n[FATAL tini (7)] exec /x failed: Permission denied"),
        (2, "something went wrong"),
    ],
)
@pytest.mark.parametrize("mode", ["oneshot", "server"])
def test_a_program_that_ends_so_itself_has_run(bench: Bench, code: int, said: str, mode: str) -> None:
    script = f"echo {shlex.quote(said)} >&2; exit {code}"
    error = bench.run({}, manifest=bench.manifest(command=["sh", "-c", script], mode=mode)).error
    assert error is not None
    assert (error.kind, error.exit_code) == (ErrorKind.EXIT, code)


def test_another_user_is_told_too_without_what_was_written(bench: Bench) -> None:
    manifest = bench.manifest(command=["/no/such"], mode="server", shared=True)
    requests = [bench.request({}, manifest=manifest, owner_id=owner) for owner in (1, 2)]
    results = [bench.start(request, Ear()) for request in requests]
    for result in results:
        assert "is not there" in image_fault(result.result(30)).message
