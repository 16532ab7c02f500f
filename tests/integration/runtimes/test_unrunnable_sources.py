"""A source that cannot be run as a process ends the job as `image`, in every way of starting it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.runtimes.process.runtime import ProcessRuntime
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import STACK, Bench
from tests.contract.runtimes.conftest import PLUGIN
from tests.integration.runtimes.image_faults import MODES, image_fault

FILES = {
    "crlf": (b"#!/bin/sh\r\necho hi\r\n", 0o755, "CR LF"),
    "no interpreter": (b"#!/no/such/interpreter\n", 0o755, "is not there"),
    "not executable": (b"#!/bin/sh\necho hi\n", 0o644, "chmod a+rx"),
    "other machine": (
        b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x00" + bytes(99), 0o755, "another kind of machine"
    ),
    "of Windows": (b"MZ\x90\x00\x03\x00", 0o755, "another kind of machine"),
}  # fmt: skip
COMMANDS = {
    "no program": (["/no/such"], "is not there"),
    "no program in the folder": (["./nosuch"], "is not there"),
    "no program on the path": (["nosuch"], "is not there"),
    "a folder": (["/usr"], "it is a folder"),
    "no name": ([""], "cannot be run"),
    "no script": (["python", "nosuch.py"], "finds no such file"),
    "no module": (["python", "-m", "nosuch"], "finds no such file"),
}


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def bench(state_dir: Path, tmp_path: Path) -> Iterator[Bench]:
    """Return a bench on the process runtime."""
    runtime = ProcessRuntime(stack_id=STACK, state_dir=state_dir, plugin_dirs=[tmp_path])
    bench = Bench(runtime, plugin_dir=tmp_path, source=PLUGIN)
    yield bench
    bench.assert_nothing_left()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_cannot_be_run(bench: Bench, name: str, mode: str) -> None:
    command, told = COMMANDS[name]
    manifest = bench.manifest(command=command, **MODES[mode])
    assert told in image_fault(bench.run({}, manifest=manifest)).message


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FILES)
def test_a_program_that_cannot_be_run(bench: Bench, tmp_path: Path, name: str, mode: str) -> None:
    content, file_mode, told = FILES[name]
    manifest = bench.manifest(command=["./run"], **MODES[mode])
    program = tmp_path / manifest.name / "run"
    program.write_bytes(content)
    program.chmod(file_mode)
    assert told in image_fault(bench.run({}, manifest=manifest)).message


def test_a_source_without_its_main_file(bench: Bench, tmp_path: Path) -> None:
    manifest = bench.manifest()
    (tmp_path / manifest.name / "main.py").unlink()
    assert "finds no such file" in image_fault(bench.run({}, manifest=manifest)).message


def test_a_source_that_is_gone(bench: Bench, tmp_path: Path) -> None:
    manifest = bench.manifest()
    shutil.rmtree(tmp_path / manifest.name)
    assert "no source" in image_fault(bench.run({}, manifest=manifest)).message


@pytest.mark.parametrize("mode", ["oneshot", "server"])
@pytest.mark.parametrize("code", [126, 127])
def test_a_program_that_ends_so_itself_has_run(bench: Bench, code: int, mode: str) -> None:
    manifest = bench.manifest(command=["sh", "-c", f"exit {code}"], mode=mode)
    error = bench.run({}, manifest=manifest).error
    assert error is not None
    assert (error.kind, error.exit_code) == (ErrorKind.EXIT, code)
