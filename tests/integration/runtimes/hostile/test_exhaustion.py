"""What a plugin uses up is its own: it gets an error or its end, and others notice nothing."""

from __future__ import annotations

import pytest

from analysis_server.runtimes.container.template import INODES_MAX, PIDS_LIMIT
from analysis_server.runtimes.port import RunStatus, SilentListener
from satellite.contracts.outcome import ErrorKind
from tests.integration.runtimes.hostile.conftest import Intruder, Try

pytestmark = pytest.mark.docker

MIB = 1024 * 1024


def test_what_can_be_written_is_full_by_bytes_and_by_files(intruder: Intruder) -> None:
    resources = {"memory_mib": 256, "tmp_mib": 16, "shm_mib": 8}
    told = intruder.outcomes(
        {
            "tmp": ("fill", "/tmp", 64), "shm": ("fill", "/dev/shm", 64),
            "files": ("fill_with_files", "/tmp", 2 * INODES_MAX),
            "shared files": ("fill_with_files", "/dev/shm", 2 * INODES_MAX),
            "root": ("fill", "/", 1), "var": ("fill", "/var/tmp", 1), "dev": ("fill", "/dev", 1),
        },
        manifest=intruder.manifest(resources=resources),
    )  # fmt: skip
    assert told["tmp"] == {"done": 16 * MIB}
    assert told["shm"] == {"done": 8 * MIB}
    for place in ("files", "shared files"):
        assert INODES_MAX - 10 <= told[place]["done"] < INODES_MAX
    assert told["root"] == told["var"] == {"refused": "EROFS"}
    assert told["dev"] == {"refused": "EACCES"}


def test_what_the_kernel_counts_for_a_user_is_not_used_up_for_others(intruder: Intruder) -> None:
    tries: dict[str, Try] = {"inotify": ("inotify",), "pipe": ("pipe_bytes",)}
    with intruder.keeping(("take_what_a_user_has",)) as (_, holder):
        told = intruder.outcomes(tries)
        assert not holder.done()
    assert "done" in told["inotify"]
    assert told["pipe"] == {"done": 65536}


def test_its_processes_are_few(intruder: Intruder) -> None:
    started = intruder.outcome("fork_all", 2 * PIDS_LIMIT)["done"]
    assert PIDS_LIMIT - 10 <= started < PIDS_LIMIT


def test_a_fork_bomb_ends_with_its_job_and_others_run_meanwhile(intruder: Intruder) -> None:
    request = intruder.bench.request(
        {"tries": {}, "keep": [["bomb"]]}, manifest=intruder.manifest(), timeout_s=4
    )
    bomb = intruder.bench.start(request, SilentListener())
    assert intruder.outcome("user")["done"]
    error = bomb.result(60).error
    assert error is not None
    assert error.kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize("how", ["heap", "memfd", "sockets"])
def test_memory_ends_it_whatever_kind_it_is(intruder: Intruder, how: str) -> None:
    error = intruder.attempt("hog_memory", how).error
    assert error is not None
    assert error.kind is ErrorKind.OOM


def test_memory_of_children_ends_children_and_no_neighbour(intruder: Intruder) -> None:
    with intruder.keeping() as (_, neighbour):
        error = intruder.attempt("hog_memory", "children", timeout_s=4).error
        assert error is not None
        assert error.kind in {ErrorKind.OOM, ErrorKind.TIMEOUT}
        assert not neighbour.done()


def test_many_processes_get_the_processors_of_one_plugin(intruder: Intruder) -> None:
    used = intruder.outcome("hog_processors", 8, 3.0, resources={"memory_mib": 128, "cpus": 0.5})["done"]
    assert used < 0.75


def test_a_flood_of_output_ends_it(intruder: Intruder) -> None:
    result = intruder.attempt("flood", 1)
    assert result.error is not None
    assert result.error.kind is ErrorKind.OUTPUT


def test_a_flood_of_log_lines_is_kept_in_part(intruder: Intruder) -> None:
    result = intruder.attempt("flood", 2, timeout_s=3)
    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.kind is ErrorKind.TIMEOUT
    assert result.log is not None
    assert len(result.log.text()) < 2 * MIB
