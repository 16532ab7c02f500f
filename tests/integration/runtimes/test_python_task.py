"""`python-task` where it runs: with all imported, told by its author's lines, kept from all but its own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunResult, RunStatus, SilentListener
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.attempt_number import with_attempt
from satellite.contracts.outcome import ErrorKind, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.python_task import CheckSnippets, RunSnippet, SnippetRan, SnippetToCheck, TaskContext
from satellite.local.plugin_images import build_image
from tests.contract.runtimes.bench import FILES, STACK, Bench
from tests.contract.runtimes.conftest import require_engine
from tests.fixtures.servers import wait_until
from tests.plugins.folders import REPOSITORY_ROOT

FOLDER = REPOSITORY_ROOT / "plugins/python-task"
MANIFEST = PluginManifest.model_validate_json((FOLDER / "plugin.json").read_bytes())
CONTEXT = TaskContext(
    task_id="train",
    dag_id="workflow_3",
    workflow="pipeline",
    run_id=17,
    params={},
    logical_date="2026-11-30T00:00:00+00:00",
    data_interval_start="2026-11-29T00:00:00+00:00",
    data_interval_end="2026-11-30T00:00:00+00:00",
)
SANDBOX = ProcessSandbox.detect()
IS_FENCED = SANDBOX.own_user and SANDBOX.own_places
"""Whether processes are kept from what containers are; a worker that is not root can do less."""

TRY = """
import errno, os, socket

def told(act, *arguments):
    try:
        return repr(act(*arguments))
    except OSError as error:
        return errno.errorcode.get(error.errno, "?")

def connect(family, address):
    with socket.socket(family) as tried:
        tried.settimeout(5)
        tried.connect(address)

def write(path):
    with open(path, "w") as opened:
        return opened.write("x")

def main():
    return {
        "variables": dict(os.environ),
        "shadow": told(open, "/etc/shadow"),
        "neighbours": [each for each in os.listdir("/proc") if each.isdigit()],
        "outside": told(connect, socket.AF_INET, ("198.51.100.1", 80)),
        "host": told(connect, socket.AF_INET, ("127.0.0.1", PORT)),
        "engine": told(connect, socket.AF_UNIX, "/var/run/docker.sock"),
        "etc": told(write, "/etc/x"),
        "own code": told(write, os.path.join(os.getcwd(), "main.py")),
        "usr": told(write, "/usr/x"),
        "tmp": told(write, "/tmp/x"),
        "user": os.getuid(),
    }
"""


@pytest.fixture(scope="module", params=["process", pytest.param("container", marks=pytest.mark.docker)])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    os.environ["SATELLITE_SECRET_OF_THE_WORKER"] = "not for snippets"
    standby, variables = StandbyLimits(memory_reserve_mib=0), WorkerVariables.read()
    runtime: ContainerRuntime | ProcessRuntime
    if request.param == "container":
        require_engine()
        build_image(FOLDER)
        runtime = ContainerRuntime(stack_id=STACK, files_dir=FILES, variables=variables, standby=standby)
    else:
        runtime = ProcessRuntime(
            stack_id=STACK,
            state_dir=tmp_path_factory.mktemp("state"),
            plugin_dirs=[FOLDER.parent],
            variables=variables,
            standby=standby,
        )
    bench = Bench(runtime, plugin_dir=tmp_path_factory.mktemp("plugins"), source=FOLDER)
    yield bench
    bench.assert_nothing_left()
    del os.environ["SATELLITE_SECRET_OF_THE_WORKER"]


def attempt(bench: Bench, code: str, *, timeout_s: float = 120) -> RunResult:
    request = RunSnippet(code=code, context=CONTEXT, xcoms={})
    return bench.run(request.model_dump(mode="json"), manifest=MANIFEST, timeout_s=timeout_s)


def returned(bench: Bench, code: str) -> Any:
    """Return what the snippet's `main` does."""
    result = attempt(bench, code)
    assert result.status is RunStatus.COMPLETED, result
    return SnippetRan.model_validate_json(result.result_json or b"").xcoms["return_value"]


def failure(bench: Bench, code: str, **options: Any) -> tuple[ErrorKind, str]:
    result = attempt(bench, code, **options)
    assert result.error is not None, result
    return result.error.kind, result.error.message


def log_of(result: RunResult) -> str:
    assert result.log is not None
    return result.log.text()


def test_a_spare_has_imported_the_libraries_and_is_used_once(bench: Bench) -> None:
    code = (
        "import os, sys, pathlib\nbefore = 'pandas' in sys.modules\n"
        "mark = pathlib.Path(os.environ['TMPDIR'], 'mark')\nfound = mark.exists()\nmark.touch()\n"
        "def main():\n    return [before, found]\n"
    )
    returned(bench, code)
    wait_until(lambda: bench.used.spares() == MANIFEST.standby)

    for _ in range(3):
        wait_until(lambda: bench.used.spares() > 0)
        result = attempt(bench, code)
        assert result.start is StartKind.STANDBY
        assert json.loads(result.result_json or b"")["xcoms"]["return_value"] == [True, False]


def test_the_attempt_is_known_on_standby_too(bench: Bench) -> None:
    code = "def main(context):\n    return context['ti'].try_number"
    returned(bench, "def main(): return 1")
    for number in (2, 3):
        wait_until(lambda: bench.used.spares() > 0)
        asked = RunSnippet(code=code, context=CONTEXT, xcoms={})
        request = bench.request(asked.model_dump(mode="json"), manifest=MANIFEST, timeout_s=120)
        told = with_attempt(request.input_json, MANIFEST.input_schema, number)
        result = bench.runtime.run(replace(request, attempt=number, input_json=told), SilentListener())
        assert (result.start, result.result_json) == (
            StartKind.STANDBY, b'{"xcoms":{"return_value":%d}}' % number,
        )  # fmt: skip


def test_an_error_is_one_line_of_the_job_and_a_traceback_of_the_log(bench: Bench) -> None:
    result = attempt(bench, "print('begun')\nraise ValueError('too blue')")

    assert result.error is not None
    assert result.error.kind is ErrorKind.EXIT
    assert result.error.message == "The plugin ended with exit code 1: ValueError: too blue  (line 2)"
    assert log_of(result).splitlines()[:3] == [
        "begun", "Traceback (most recent call last):", '  File "<task train>", line 2, in <module>',
    ]  # fmt: skip


def test_a_text_of_five_megabytes_ends_the_step(bench: Bench) -> None:
    kind, message = failure(bench, "raise ValueError('x' * 5_000_000)")

    assert kind is ErrorKind.EXIT
    assert message.endswith("x… (5,000,000 characters)  (line 1)")


def test_kinds_of_failure_are_told_apart(bench: Bench) -> None:
    assert failure(bench, "raise MemoryError")[0] is ErrorKind.OOM
    assert failure(bench, "import os\nos.kill(os.getpid(), 9)")[0] in {ErrorKind.KILLED, ErrorKind.OOM}
    assert failure(bench, "import os\nos._exit(0)")[0] is ErrorKind.OUTPUT
    assert failure(bench, "while True: pass", timeout_s=3)[0] is ErrorKind.TIMEOUT
    wrong = bench.run({"action": "run"}, manifest=MANIFEST)
    assert wrong.error is not None
    assert (wrong.error.kind, wrong.error.message) == (ErrorKind.INPUT, "/xcoms: must be an object")


def test_snippets_are_checked_without_a_context(bench: Bench) -> None:
    snippets = [
        SnippetToCheck(task="good", code="x = 1"),
        SnippetToCheck(task="deep", code="-" * 90_000 + "1"),
    ]
    result = bench.run(CheckSnippets(snippets=snippets).model_dump(mode="json"), manifest=MANIFEST)

    assert [fault["task"] for fault in json.loads(result.result_json or b"")["faults"]] == ["deep"]


def test_a_flood_of_output_is_cut_and_harms_nobody(bench: Bench) -> None:
    result = attempt(bench, "import os\nfor _ in range(400):\n    os.write(1, b'x' * 262_143 + b'\\n')")

    assert result.status is RunStatus.COMPLETED
    assert result.log is not None
    assert result.log.total_bytes > 100_000_000
    assert len(log_of(result)) < 3_000_000


def test_processes_without_end_are_refused_or_end_the_step(bench: Bench) -> None:
    code = (
        "import os, time\ncopies = 0\nparent = os.getpid()\n"
        "try:\n    while os.getpid() == parent and copies < 5_000:\n"
        "        copies += 1\n        if os.fork() == 0:\n            time.sleep(600)\n"
        "except BlockingIOError:\n    pass\n"
        "def main():\n    return copies\n"
    )
    if isinstance(bench.used, ProcessRuntime):
        # What copies share is counted for each of them there.
        assert failure(bench, code)[0] is ErrorKind.OOM
    else:
        assert returned(bench, code) < 1_000


def test_a_snippet_is_kept_from_all_but_its_own(bench: Bench) -> None:
    if isinstance(bench.used, ProcessRuntime) and not IS_FENCED:
        pytest.skip("needs root, setpriv, unshare and mount")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = returned(bench, TRY.replace("PORT", str(listening.getsockname()[1])))

    assert "not for snippets" not in str(told["variables"])
    assert not {name for name in told["variables"] if name.startswith("SATELLITE_")} - KNOWN_VARIABLES
    assert told["shadow"] == "EACCES"
    assert len(told["neighbours"]) < 6
    assert told["outside"] == "ENETUNREACH"
    assert told["host"] in {"ECONNREFUSED", "ENETUNREACH"}
    assert told["engine"] in {"ENOENT", "EACCES"}
    for place in ("etc", "own code", "usr"):
        assert told[place] in {"EROFS", "EACCES"}, place
    assert told["tmp"] == "1"
    assert told["user"] > 0


KNOWN_VARIABLES = {"SATELLITE_OUTPUT_DIR"}


def test_memory_beyond_the_limit_ends_the_step(bench: Bench) -> None:
    kind, _ = failure(bench, "held = []\nwhile True:\n    held.append(bytearray(b'x' * 50_000_000))")

    assert kind is ErrorKind.OOM


def test_the_files_of_its_own_folder_are_the_plugins(bench: Bench) -> None:
    names = returned(bench, "import os\ndef main():\n    return sorted(os.listdir())")

    assert "main.py" in names
    assert not {Path(name).suffix for name in names} - {".py", ".txt", ".json", ".md", ""}
