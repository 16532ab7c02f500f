"""What every runtime does with the files that a job's input refers to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.container.folder import ContainerFolder
from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import FetchedInputs, InputPlace, RunRequest, RunResult, RunStatus
from satellite.contracts.outcome import ErrorKind, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import FILES, STACK, Bench, Ear, files_left
from tests.fixtures.servers import wait_until

CONTENTS = {"rows.csv": "n,name\n1,one\n", "Zeile 'ü'.txt": "", "rows 2.csv": "x" * 300_000}


@pytest.fixture
def folder() -> Path:
    """Where a worker has fetched files to: on the disk where runs have theirs, as a worker does."""
    place = FILES / STACK / "fetched"
    place.mkdir(parents=True, exist_ok=True)
    return place


def request_with_files(bench: Bench, folder: Path, manifest: PluginManifest) -> RunRequest:
    places = []
    for number, (name, content) in enumerate(CONTENTS.items()):
        place = folder / str(number) / name
        place.parent.mkdir()
        place.write_text(content)
        place.chmod(0o444)
        places.append(InputPlace(f"{number}/{name}", (f"/files/{number}",)))
    return bench.request(
        {"how": "read", "files": [{"$file": str(number)} for number in range(len(CONTENTS))]},
        manifest=manifest,
        shares_files=True,
        inputs=FetchedInputs(folder=str(folder), places=tuple(places)),
    )


def read(result: RunResult) -> Any:
    assert result.status is RunStatus.COMPLETED, result.error
    return json.loads(result.result_json or b"")["answer"]


EXPECTED = [[name, content, False] for name, content in CONTENTS.items()]
"""Name, content, and whether it could be changed."""


def test_the_plugin_reads_them_by_the_paths_in_its_input(bench: Bench, folder: Path) -> None:
    request = request_with_files(bench, folder, bench.manifest())

    assert read(bench.runtime.run(request, Ear())) == EXPECTED
    assert list(folder.iterdir()) == []
    wait_until(lambda: not files_left())


def test_so_does_one_that_gets_its_input_as_an_argument(bench: Bench, folder: Path) -> None:
    request = request_with_files(bench, folder, bench.manifest(input_via="argument"))

    assert read(bench.runtime.run(request, Ear())) == EXPECTED


def test_so_does_one_that_was_started_before_its_job_came(bench: Bench, folder: Path) -> None:
    manifest = bench.manifest(standby=1)
    bench.run({"how": "echo"}, manifest=manifest, shares_files=True)
    wait_until(lambda: bench.used.spares() == 1)
    result = bench.runtime.run(request_with_files(bench, folder, manifest), Ear())

    assert result.start is StartKind.STANDBY
    assert read(result) == EXPECTED


def test_one_without_files_runs_as_ever(bench: Bench) -> None:
    assert read(bench.run({"how": "echo", "value": 1}, shares_files=True)) == 1


def test_a_server_is_given_what_is_in_them(bench: Bench, folder: Path) -> None:
    server = bench.server("sdk_batch.py")
    large, small = b"\xff" * 3_000_000, b"small"

    assert read(ask_server(bench, folder, server, small, job={"value": None}, at="/value")) == "c21hbGw="
    assert read(ask_server(bench, folder, server, large, job={"measure": None}, at="/measure")) == 4_000_000
    refused = ask_server(bench, folder, server, large, job={"values": [None] * 6}, at="/values/{}")
    assert refused.error is not None
    assert (refused.error.kind, "17.2 MiB" in refused.error.message) == (ErrorKind.INPUT, True)


def ask_server(
    bench: Bench, folder: Path, server: PluginManifest, content: bytes, *, job: Any, at: str
) -> RunResult:
    """Ask a server with a file at the places that a job has at `at`."""
    (folder / "file").write_bytes(content)
    pointers = tuple(at.format(place) for place in range(len(job.get("values", "1"))))
    inputs = FetchedInputs(folder=str(folder), places=(InputPlace("file", pointers),))
    try:
        return bench.run(job, manifest=server, inputs=inputs)
    finally:
        (folder / "file").unlink()


def test_where_the_engine_finds_no_folder_only_jobs_with_files_fail(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(bench.used, ContainerRuntime):
        pytest.skip("a process needs no engine")
    mounts = ContainerFolder.mounts
    monkeypatch.setattr(
        ContainerFolder,
        "mounts",
        lambda self: [{**mount, "Source": f"{self.path}/not/there"} for mount in mounts(self)],
    )

    assert read(bench.run({"how": "echo", "value": 1}, shares_files=True)) == 1
    result = bench.runtime.run(request_with_files(bench, folder, bench.manifest()), Ear())
    assert result.error is not None
    assert result.error.kind is ErrorKind.INTERNAL
    assert "SATELLITE_WORKER_FILES_DIR" in result.error.message
