"""What a plugin finds around itself in every runtime."""

from __future__ import annotations

import json

from analysis_server.runtimes.port import RunStatus
from tests.contract.runtimes.bench import Bench


def test_it_can_write_where_home_and_tmpdir_say_and_read_its_own_files_from_where_it_is(bench: Bench) -> None:
    result = bench.run({"how": "surroundings"})
    assert result.status is RunStatus.COMPLETED, result
    found = json.loads(result.result_json or b"")["answer"]
    assert found["HOME"]
    assert found["TMPDIR"] == found["tempfile"]
    assert found["own file"] == '"""'


def test_locks_pools_and_shared_memory_work(bench: Bench) -> None:
    result = bench.run({"how": "share"})
    assert result.status is RunStatus.COMPLETED, result
    assert json.loads(result.result_json or b"") == {"answer": [[0, 1, 4, 9], "mine"]}
    assert result.log is None


def test_the_manifests_variables_come_first(bench: Bench) -> None:
    manifest = bench.manifest(env={"HOME": "/nowhere"})
    result = bench.run({"how": "variable", "name": "HOME"}, manifest=manifest)
    assert json.loads(result.result_json or b"") == {"answer": "/nowhere"}
