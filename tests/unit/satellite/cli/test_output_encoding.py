"""Output on terminals and pipes that take less than Unicode, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from satellite.testing import AnsweringServer
from tests.unit.satellite.cli.conftest import job

NAME = "Grüße, 漢字 ✓"
ENVIRONMENTS = [
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "utf-8"},
]


def run(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "satellite.cli.main", *words]
    return subprocess.run(command, env=os.environ | environment, capture_output=True)


@pytest.fixture(autouse=True)
def has_a_job(server: AnsweringServer) -> None:
    timings = {"queued": 1.0, "ran": 2.0, "total": 3.0}
    server.answer("GET /jobs/7", job(result={"name": NAME}, error_message=NAME, timings=timings))


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: " ".join(each.values()))
def test_nothing_ends_in_a_traceback_and_json_stays_json(environment: dict[str, str]) -> None:
    shown = run("job", "show", "7", environment=environment)
    document = run("job", "show", "7", "--json", environment=environment)

    assert (shown.returncode, document.returncode) == (0, 0), shown.stderr + document.stderr
    assert not shown.stderr
    assert json.loads(document.stdout)["result"] == {"name": NAME}


def test_what_has_no_room_is_written_in_ascii(server: AnsweringServer) -> None:
    shown = run("job", "show", "7", environment={"PYTHONIOENCODING": "latin-1"}).stdout.decode("latin-1")

    assert "error_message" in shown
    assert "Grüße, \\u6f22\\u5b57 +" in shown
    assert "##" in shown


def test_closed_output_is_no_error(server: AnsweringServer) -> None:
    done = subprocess.run(
        f"{sys.executable} -m satellite.cli.main job show 7 --json >&-", shell=True, capture_output=True
    )

    assert b"Traceback" not in done.stderr
