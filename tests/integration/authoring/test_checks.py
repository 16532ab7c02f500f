"""`satellite plugin init` and `test`: what works is clean, and each kind of fault is named with its input."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from satellite.authoring.new_plugin import FolderTaken, make_plugin
from tests.fixtures.servers import wait_until

SATELLITE = Path(sys.executable).with_name("satellite")
HEAD = "from satellite.plugin import plugin, run\n"
TAIL = "\nrun(answer)\n"
RAW = "import json, sys\nrequest = json.load(sys.stdin)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a new plugin."""
    make_plugin(tmp_path / "word-count")
    return tmp_path / "word-count"


def change(folder: Path, program: str | None = None, **manifest: Any) -> None:
    """Put other parts into a plugin."""
    file = folder / "plugin.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | manifest))
    if program is not None:
        (folder / "main.py").write_text(program)


def tried(folder: Path, *options: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Return the exit code, and what each check found."""
    command = [SATELLITE, "plugin", "test", folder, "--json", "--near=20", "--repeats=6", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.stdout, done.stderr
    return done.returncode, {one["check"]: one["findings"] for one in json.loads(done.stdout)["checks"]}


def test_a_new_plugin_works_as_it_is(folder: Path) -> None:
    assert tried(folder) == (
        0,
        {"manifest": [], "start": [], "examples": [], "neighbours": [], "repeats": [], "cancel": []},
    )


def test_it_is_told_for_people_too(folder: Path) -> None:
    command = [SATELLITE, "plugin", "test", folder, "--near=1", "--repeats=1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.stdout.splitlines()[-1] == "word-count 0.1.0 as process: nothing found"


@pytest.mark.parametrize(
    ("program", "check", "message"),
    [
        (HEAD + "@plugin\ndef answer(r):\n    return {'words': 1}" + TAIL, "examples", "distinct"),
        (RAW + "print('hello')\nprint(json.dumps({'words': 1, 'distinct': 1}))", "examples", "one JSON"),
        (RAW + "sys.exit(3)", "examples", "exit"),
    ],
)  # fmt: skip
def test_a_fault_at_an_example_is_named(folder: Path, program: str, check: str, message: str) -> None:
    change(folder, program)
    code, found = tried(folder)
    assert (code, list(found)[-1]) == (1, check)
    [finding] = found[check]
    assert message in finding["message"]
    assert finding["input"] == {"text": "to be or not to be"}


def test_a_fault_near_an_example_is_named_with_its_input(folder: Path) -> None:
    program = "@plugin\ndef answer(r):\n    return {'words': 1, 'distinct': len(r['text'][0])}"
    change(folder, HEAD + program + TAIL)
    code, found = tried(folder)
    [finding] = found["neighbours"]
    assert (code, finding["input"]) == (1, {"text": ""})
    assert "IndexError" in finding["log"]


def test_a_server_that_grows_is_named(folder: Path) -> None:
    program = "kept = []\n@plugin\ndef answer(r):\n    kept.append(bytearray(3 << 20))\n"
    change(folder, HEAD + program + "    return {'words': 1, 'distinct': 1}" + TAIL, mode="server")
    code, found = tried(folder, "--repeats=15", "--near=0")
    assert (code, found["examples"]) == (1, [])
    [finding] = found["repeats"]
    assert finding["message"].startswith("grew by 3")


def test_one_that_goes_on_after_its_end_is_asked_for_is_stopped_all_the_same(folder: Path) -> None:
    program = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + RAW
    change(folder, program + "time.sleep(2)\nprint(json.dumps({'words': 1, 'distinct': 1}))")
    code, found = tried(folder, "--near=0", "--repeats=1")
    assert (code, found["cancel"]) == (0, [])


@pytest.mark.parametrize(
    ("changes", "check", "message"),
    [
        ({"input_schema": {"type": "object"}}, "manifest", "no `examples`"),
        ({"input_schema": {"type": "object", "examples": [1]}}, "manifest", "breaks the input schema"),
        ({"output_schema": {"type": "nonsense"}}, "manifest", "a schema is none"),
        ({"command": ["./absent"]}, "examples", "image"),
    ],
)
def test_what_keeps_it_from_running_is_named(
    folder: Path, changes: dict[str, Any], check: str, message: str
) -> None:
    change(folder, **changes)
    code, found = tried(folder)
    assert (code, list(found)[-1]) == (1, check)
    assert message in found[check][0]["message"]


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a command and what it has started after the block, as Ctrl-C does."""
    with process:
        try:
            yield
            for child in psutil.Process(process.pid).children():
                child.send_signal(signal.SIGINT)
            process.wait(30)
        finally:
            process.kill()


def test_it_is_tried_again_whenever_a_file_changes(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        watching = subprocess.Popen([SATELLITE, "plugin", "dev", folder], stdout=output, stderr=output)
        with ended(watching):
            wait_until(lambda: "as process: nothing found" in log.read_text())
            change(folder, RAW + "sys.exit(3)")
            wait_until(lambda: "exit: " in log.read_text())
            (folder / "plugin.json").write_text("{")
            wait_until(lambda: "Invalid JSON" in log.read_text())
    assert watching.returncode == 0


def test_a_manifest_that_is_none_names_the_key(folder: Path) -> None:
    change(folder, timeout="soon")
    done = subprocess.run([SATELLITE, "plugin", "test", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "plugin.json: timeout: Extra inputs" in done.stderr


def test_no_folder_is_written_over(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderTaken, match="not empty"):
        make_plugin(folder)
    with pytest.raises(FolderTaken, match="no name for a plugin"):
        make_plugin(tmp_path / "Word_Count")
