"""Files through the whole platform: stored by a user, read by a plugin, written by one and fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import Platform, submit, wait_for_job
from tests.fixtures.servers import wait_until
from tests.plugins.folders import REPOSITORY_ROOT

COUNT = """
import json, os, sys
job = json.load(sys.stdin)
told = {}
for name, path in job.items():
    with open(path, "rb") as file:
        lines = sum(chunk.count(10) for chunk in iter(lambda: file.read(65536), b""))
    told[name] = [os.path.basename(path), lines]
print(json.dumps(told))
"""
WRITE = """
import json, os, pathlib, sys
job = json.load(sys.stdin)
folder = pathlib.Path(os.environ["SATELLITE_OUTPUT_DIR"])
for name, content in job["files"].items():
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content)
print(json.dumps(sorted(job["files"])))
"""
ROWS = b"n,name\n" + b"1,one\n" * 1_000_000


def register(api: httpx.Client, platform: Platform, name: str, **manifest: Any) -> str:
    """Register a plugin in an image that stands here anyway."""
    platform.wait_worker_ready()
    [worker] = api.get("/workers").json()["items"]
    if worker["runtime"] != "container":
        pytest.skip("a plugin without source needs a container engine")
    image = json.loads((REPOSITORY_ROOT / "plugins/example-failing/plugin.json").read_text())["docker_image"]
    fields = {"name": name, "version": "1", "docker_image": image, "output_schema": {}, **manifest}
    assert api.post("/plugins", json=fields).status_code in {200, 201}
    return name


@pytest.fixture
def counter(api: httpx.Client, platform: Platform) -> str:
    """A plugin that counts the lines of files."""
    schema = {"additionalProperties": {"type": "string", "format": "satellite-file"}}
    command = ["python", "-c", COUNT]
    return register(api, platform, "counter", input_schema=schema, command=command, standby=1)


@pytest.fixture
def writer(api: httpx.Client, platform: Platform) -> str:
    """A plugin that writes the files of its input."""
    return register(api, platform, "writer", input_schema={}, command=["python", "-c", WRITE])


def test_a_plugin_reads_what_a_user_has_stored(api: httpx.Client, counter: str, platform: Platform) -> None:
    stored = api.post("/files", params={"name": "rows.csv"}, content=ROWS).json()
    references = {"table": {"$file": stored["id"]}, "again": {"$file": stored["id"]}}

    for _ in range(3):
        job = wait_for_job(api, submit(api, counter, references)["id"])
        assert job["status"] == "completed", job["error"]
        assert job["result"] == {name: ["rows.csv", 1_000_001] for name in references}
        assert job["input_data"] == references
    # Containers are removed after their jobs have ended; one on standby waits, and has a folder.
    # Versions of models stay, whoever asked for them.
    places = (platform.home / "run-files").glob
    wait_until(lambda: sum("models" not in path.parts for path in places("*/*/*/[!.]*")) <= 1)


def test_by_the_command_line(platform: Platform, counter: str, tmp_path: Path) -> None:
    (tmp_path / "two rows.csv").write_bytes(b"a\nb\n")

    done = platform.command("run", counter, "--file", f"t={tmp_path / 'two rows.csv'}", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"] == {"t": ["two rows.csv", 2]}
    for option, words in ((f"t={tmp_path}", "is no file"), ("rows.csv", "NAME=PATH")):
        refused = platform.command("run", counter, "--file", option)
        assert refused.returncode == 2
        assert words in refused.stderr


def test_what_a_plugin_writes_is_fetched_by_its_user(
    api: httpx.Client, writer: str, platform: Platform, tmp_path: Path
) -> None:
    files = {"rows.csv": "n\n1\n" * 100_000, "charts/Bild 'ü'.txt": "", "plan #1.txt": "x"}
    job = wait_for_job(api, submit(api, writer, {"files": files})["id"])

    assert job["status"] == "completed", job["error"]
    assert job["artifacts"] == len(files)
    listed = api.get(f"/jobs/{job['id']}/artifacts").json()["items"]
    assert {one["name"]: one["size_bytes"] for one in listed} == {
        name: len(content) for name, content in files.items()
    }
    done = platform.command("job", "artifacts", str(job["id"]), "--download", str(tmp_path / "got"))
    assert done.returncode == 0, done.stderr
    assert {name: (tmp_path / "got" / name).read_text() for name in files} == files
    assert "rows.csv" in platform.command("job", "artifacts", str(job["id"])).stdout
    # Nothing of it stays with the worker.
    wait_until(lambda: not list((platform.home / "run-files").glob("*/collected/*/[!.]*")))


def test_a_link_is_no_file_to_keep(api: httpx.Client, platform: Platform) -> None:
    link = "import os; os.symlink('/etc/passwd', os.environ['SATELLITE_OUTPUT_DIR'] + '/all'); print(1)"
    register(api, platform, "linker", input_schema={}, command=["python", "-c", link])
    job = wait_for_job(api, submit(api, "linker", {})["id"])

    assert (job["status"], job["error"]["kind"], job["artifacts"]) == ("failed", "output", 0)
    assert "symbolic link" in job["error_message"]


def test_a_large_result_is_fetched_as_if_it_were_small(api: httpx.Client, platform: Platform) -> None:
    large = "print(__import__('json').dumps({'rows': ['x' * 999] * 3000}))"
    register(api, platform, "talker", input_schema={}, command=["python", "-c", large])
    job = wait_for_job(api, submit(api, "talker", {})["id"])

    assert (job["status"], job["result"]) == ("completed", None), job["error"]
    assert job["result_artifact"]["preview"].startswith('{"rows": ["xxx')
    done = platform.command("run", "talker", "--wait")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"rows": ["x" * 999] * 3000}
