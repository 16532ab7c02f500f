"""What every runtime does with the files that a run writes for its job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import ErrorKind, StartKind
from tests.contract.runtimes.bench import FILES, STACK, Bench, Ear, files_left
from tests.contract.runtimes.first_owner import FirstOwner
from tests.contract.runtimes.test_attach import in_containers, owner
from tests.fixtures.servers import wait_until

__all__ = ["owner"]

MIB = 1024 * 1024
MADE = [
    ["file", "rows.csv", "n\n1\n"],
    ["file", "charts/Bild 'ü'.txt", "x" * 300_000],
    ["file", "charts/deeper/empty", ""],
    ["file", ".hidden", "h"],
]


@pytest.fixture
def target() -> Iterator[Path]:
    """Where a worker has what runs write: on the disk where runs have their folders, as a worker does."""
    place = FILES / STACK / "collected"
    place.mkdir(parents=True, exist_ok=True)
    yield place
    for left in place.iterdir():
        left.unlink()


def put(bench: Bench, target: Path, made: list[list[Any]], **options: Any) -> RunResult:
    job = {"how": "put", "made": made, **options.pop("job", {})}
    return bench.run(job, shares_files=True, collect_into=str(target), **options)


def contents(result: RunResult) -> dict[str, str]:
    assert result.status is RunStatus.COMPLETED, result.error
    assert all(Path(one.path).stat().st_size == one.size_bytes for one in result.outputs)
    return {one.name: Path(one.path).read_text() for one in result.outputs}


def refusal(result: RunResult) -> str:
    assert result.error is not None, result
    assert (result.error.kind, result.outputs, result.result_json) == (ErrorKind.OUTPUT, (), None)
    return result.error.message


def test_they_are_moved_to_the_worker_under_their_names(bench: Bench, target: Path) -> None:
    assert contents(put(bench, target, MADE)) == {name: content for _, name, content in MADE}
    wait_until(lambda: not files_left())


def test_so_are_those_of_one_that_was_started_before_its_job_came(bench: Bench, target: Path) -> None:
    manifest = bench.manifest(standby=1)
    bench.run({"how": "echo"}, manifest=manifest, shares_files=True)
    wait_until(lambda: bench.used.spares() == 1)
    result = put(bench, target, MADE, manifest=manifest)

    assert result.start is StartKind.STANDBY
    assert len(contents(result)) == len(MADE)


def test_one_that_writes_nothing_has_none(bench: Bench, target: Path) -> None:
    assert put(bench, target, []).outputs == ()


def test_those_of_a_run_that_fails_are_nobodys(bench: Bench, target: Path) -> None:
    manifest = bench.manifest(output_schema={"required": ["more"]})
    result = put(bench, target, MADE, manifest=manifest)

    assert (result.status, result.outputs) == (RunStatus.FAILED, ())
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(("mode", "shares"), [("oneshot", False), ("server", True)])
def test_there_is_no_such_folder_for_servers_nor_where_nothing_is_sent(
    bench: Bench, mode: str, shares: bool
) -> None:
    manifest = bench.manifest() if mode == "oneshot" else bench.server()
    job = {"how": "variable", "name": "SATELLITE_OUTPUT_DIR"}
    result = bench.run(job, manifest=manifest, shares_files=shares)

    assert json.loads(result.result_json or b"")["answer"] is None, result


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ([["link", "passwd", "/etc/passwd"]], "'passwd'.*a symbolic link"),
        ([["link", "up", ".."]], "'up'.*a symbolic link"),
        ([["file", "a/one", ""], ["hard link", "a/two", "one"]], "'a/(one|two)'.*hard links"),
        ([["fifo", "pipe", None]], "'pipe'.*a named pipe"),
        ([["socket", "s", None]], "'s'.*a socket"),
        ([["file", "two\nlines", ""]], r"two\\\\u000alines.*control characters"),
        ([["file", "latin-\udce4", ""]], r"latin-\\\\udce4.*not UTF-8"),
        ([["file", "back\\slash", ""]], "backslashes"),
        ([["deep", "d", 30]], "deeper than 16"),
        ([["sparse", "holes", 3 * MIB]], "the 2097152 bytes"),
        ([["many", "f", 300]], "256 files and folders"),
    ],
    ids=lambda value: value[0][0] if isinstance(value, list) else "",
)
def test_what_is_no_plain_file_or_too_much_fails_the_run(
    bench: Bench, target: Path, made: list[list[Any]], words: str
) -> None:
    manifest = bench.manifest(resources={"memory_mib": 128, "output_mib": 2})
    message = refusal(put(bench, target, [["file", "fine", "f"], *made], manifest=manifest))

    assert "SATELLITE_OUTPUT_DIR" in message
    assert re.search(words, message), message


def test_what_grows_beyond_its_limit_is_ended(bench: Bench, target: Path) -> None:
    result = put(
        bench, target, [["filled", "a", 5_000_000], ["filled", "b", 6_000_000]],
        job={"then_s": 20}, max_output_bytes=10_000_000,
    )  # fmt: skip

    assert "the 10000000 bytes" in refusal(result)
    assert result.ran_ms < 15_000


def test_a_terabyte_of_holes_is_refused_at_once(bench: Bench, target: Path) -> None:
    result = put(bench, target, [["sparse", "holes", 2**40]], max_output_bytes=10_000_000)

    assert result.error is not None
    assert result.error.kind in {ErrorKind.OUTPUT, ErrorKind.EXIT}
    assert "File too large" in f"{result.error.message}{result.error.stderr_tail}" or result.error.kind is (
        ErrorKind.OUTPUT
    )


def test_a_tree_deeper_than_python_goes_is_removed(bench: Bench, target: Path) -> None:
    refusal(put(bench, target, [["deep", "d", 3_000]]))

    wait_until(lambda: not files_left())


def test_a_result_too_large_for_an_answer_is_one_of_them(bench: Bench, target: Path) -> None:
    job = {"value": "x" * 3_000_000}
    result = put(bench, target, MADE, job=job, max_result_bytes=4_000_000)

    assert result.result_json is None
    assert result.result_preview is not None
    assert result.result_preview.startswith('{"answer": "xxx')
    assert len(result.result_preview) == 1_000
    assert json.loads(contents(result)["result.json"]) == {"answer": job["value"]}
    assert len(result.outputs) == len(MADE) + 1


def test_unless_the_plugin_has_written_another_of_that_name(bench: Bench, target: Path) -> None:
    job = {"value": "x" * 3_000_000}
    result = put(bench, target, [["file", "result.json", ""]], job=job, max_result_bytes=4_000_000)

    assert "of that name itself" in refusal(result)


@in_containers
def test_who_attaches_to_a_run_has_what_it_wrote_before_and_after(
    bench: Bench, target: Path, owner: FirstOwner
) -> None:
    job = {"how": "put", "made": MADE, "then_s": 4}
    request = bench.request(job, shares_files=True, collect_into=str(target))
    handle = owner.begin(request)
    owner.kill()
    assert handle is not None
    assert isinstance(bench.used, ContainerRuntime)
    bench.used.sweep_orphans({request.key})

    result = bench.runtime.attach(request, handle, Ear())
    assert contents(result) == {name: content for _, name, content in MADE}
    wait_until(lambda: bench.used.sweep_orphans() == 0 and not files_left())
