"""`example-failing` fails as its README says, as far as the plugin itself decides it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.plugins.environment import PluginEnvironment
from tests.plugins.folders import REPOSITORY_ROOT

MEBIBYTE = 1024 * 1024


@pytest.fixture
def failing(environment_of: Callable[[Path], PluginEnvironment]) -> PluginEnvironment:
    """The plugin, ready to run."""
    return environment_of(REPOSITORY_ROOT / "plugins/example-failing")


@pytest.mark.parametrize(("how", "code"), [("exit", 3), ("refuse", 64), ("kill", -signal.SIGKILL)])
def test_a_failure_ends_with_its_exit_code(failing: PluginEnvironment, how: str, code: int):
    done = failing.run(orjson.dumps({"how": how}))

    assert done.returncode == code
    assert done.stdout == b""


def test_refusal_tells_why_on_its_last_line(failing: PluginEnvironment):
    done = failing.run(b'{"how": "refuse", "message": "too blue"}')

    assert done.stderr == b"::input-refused too blue\n"


@pytest.mark.parametrize("how", ["bad_json", "two_values"])
def test_output_is_not_one_json_value(failing: PluginEnvironment, how: str):
    done = failing.run(orjson.dumps({"how": how}))

    assert done.returncode == 0
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(done.stdout)


def test_wrong_schema_is_json_all_the_same(failing: PluginEnvironment):
    assert orjson.loads(failing.run(b'{"how": "wrong_schema"}').stdout) == {"how": 42}


def test_huge_output_is_huge(failing: PluginEnvironment):
    assert len(failing.run(b'{"how": "huge_output", "megabytes": 3}').stdout) > 3 * MEBIBYTE


def test_stderr_is_as_long_as_asked(failing: PluginEnvironment):
    done = failing.run(b'{"how": "stderr", "megabytes": 5, "code": 9}')

    assert done.returncode == 9
    assert 4.9 * MEBIBYTE < len(done.stderr) < 5.1 * MEBIBYTE


def test_loop_does_not_end(failing: PluginEnvironment):
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [failing.python, "main.py", '{"how": "loop"}'],
            cwd=failing.folder, env=bare(failing), timeout=1,
        )  # fmt: skip


def test_memory_beyond_a_limit_is_said_to_be_so(failing: PluginEnvironment):
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -v 400000; exec "$@"', "limited", failing.python, "main.py"],
        input=b'{"how": "memory"}', capture_output=True, cwd=failing.folder,
        env=bare(failing),
    )  # fmt: skip

    assert done.returncode == 71
    assert done.stderr.splitlines()[-1] == b"MemoryError"


def test_as_a_server_each_failure_is_an_answer_of_its_own(failing: PluginEnvironment):
    ready, *answers = failing.serve(
        {"id": "1", "input": {"how": "exit"}},
        {"id": "2", "input": {"how": "refuse", "message": "too blue"}},
        {"id": "3", "input": {"how": "ok"}},
    )

    assert ready == {"ready": True, "log_marks": True}
    assert answers[0]["error"]["kind"] == "exit"
    assert answers[1] == {"id": "2", "error": {"kind": "input", "message": "too blue"}}
    assert answers[2] == {"id": "3", "result": {"how": "ok", "note": "nothing failed"}}


def bare(failing: PluginEnvironment) -> dict[str, str]:
    """Return the least environment in which the plugin runs."""
    return {"PYTHONPATH": str(failing.sdk), "PYTHONDONTWRITEBYTECODE": "1"}
