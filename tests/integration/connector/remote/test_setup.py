"""What comes before the command: code from git or from a folder, requirements once for each content."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from analysis_server.connector import agent_messages as wire
from analysis_server.connector.agent_messages import ExitReason, RemoteState
from tests.integration.connector.remote.host import Host, job

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *AUTHOR, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repositories" / "code"
    folder.mkdir(parents=True)
    git(folder, "init")
    for text in ("first", "second"):
        (folder / "train.sh").write_text(f"echo {text}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-m", text)
        git(folder, "tag", text)
    git(folder, "branch", "old", "first")
    return folder


def from_git(url: str, ref: str | None, *roots: Path) -> wire.SubmitRequest:
    setup = wire.Setup(git=wire.GitSource(url=url, ref=ref))
    return job(1, "sh", "train.sh", setup=setup, allowed_roots=tuple(map(str, roots)))


@pytest.mark.parametrize(
    ("ref", "commit", "printed"),
    [
        (None, "second", "second"),
        ("old", "first", "first"),
        ("first", "first", "first"),
        ("COMMIT", "first", "first"),
    ],
)
def test_code_comes_from_a_repository_and_its_commit_is_kept(
    host: Host, repository: Path, ref: str | None, commit: str, printed: str
) -> None:
    expected = git(repository, "rev-parse", commit)
    host.submit(from_git(f"file://{repository}", expected if ref == "COMMIT" else ref, repository.parent))
    ending = host.wait_end("1-1-abcdef01")
    assert (ending.code, ending.commit) == (0, expected), ending
    assert (host.folder("1-1-abcdef01") / "logs/training.log").read_text() == f"{printed}\n"


def test_a_repository_outside_of_the_allowed_folders_is_refused(
    host: Host, repository: Path, tmp_path: Path
) -> None:
    link = tmp_path / "allowed" / "link"
    link.parent.mkdir()
    link.symlink_to(repository)
    host.submit(from_git(f"file://{link}", None, link.parent))
    ending = host.wait_end("1-1-abcdef01")
    assert (ending.reason, ending.code) == (ExitReason.SETUP_GIT, None)
    assert "allowed" in ending.message


def test_a_branch_that_is_not_there_is_told(host: Host, repository: Path) -> None:
    host.submit(from_git(f"file://{repository}", "no-such", repository))
    ending = host.wait_end("1-1-abcdef01")
    assert ending.reason is ExitReason.SETUP_GIT
    assert "no-such" in ending.message
    assert (host.folder("1-1-abcdef01") / "outputs/status.txt").read_text() == "failed\n"


def test_a_host_that_does_not_answer_is_cancelled(host: Host) -> None:
    """A stand-in for `git` that waits: what the setup starts belongs to the job."""
    host.program("git", "#!/bin/sh\nsleep 1000\n")
    host.submit(from_git("https://example.invalid/code.git", None))
    host.wait_state("1-1-abcdef01", RemoteState.PREPARING)
    assert host.cancel("1-1-abcdef01") is RemoteState.ENDED
    assert host.wait_end("1-1-abcdef01").reason is ExitReason.CANCELLED
    assert host.tree("1-1-abcdef01") == []


def test_the_setup_has_a_limit_of_its_own(host: Host) -> None:
    host.program("git", "#!/bin/sh\nsleep 1000\n")
    setup = wire.Setup(git=wire.GitSource(url="https://example.invalid/code.git"), limit_s=1)
    host.submit(job(1, "true", setup=setup))
    ending = host.wait_end("1-1-abcdef01")
    assert ending.reason is ExitReason.SETUP_GIT
    assert "1 s" in ending.message


def test_code_that_lies_there_is_copied_whole(host: Host, tmp_path: Path) -> None:
    source = tmp_path / "shared" / "code"
    (source / ".hidden").mkdir(parents=True)
    (source / ".hidden/file").write_text("kept")
    (source / "-rf").write_text("plain")
    (source / "train.sh").write_text("cat .hidden/file ./-rf within/file outside")
    (source / "within").symlink_to(".hidden")
    (tmp_path / "shared/other").write_text("allowed")
    (source / "outside").symlink_to(tmp_path / "shared/other")
    request = job(
        1, "sh", "train.sh", setup=wire.Setup(existing=str(source)), allowed_roots=(str(tmp_path / "shared"),)
    )
    host.submit(request)
    assert host.wait_end(request.name).code == 0
    assert (host.folder(request.name) / "logs/training.log").read_text() == "keptplainkeptallowed"


@pytest.mark.parametrize("kind", ["outside", "link to it", "link within"])
def test_what_is_outside_is_not_copied(host: Host, tmp_path: Path, kind: str) -> None:
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    for folder in (allowed / "code", outside):
        folder.mkdir(parents=True)
    (outside / "secret").write_text("secret")
    if kind == "link to it":
        (allowed / "link").symlink_to(outside)
    if kind == "link within":
        (allowed / "code/inner").symlink_to(outside / "secret")
    path = {"outside": outside, "link to it": allowed / "link", "link within": allowed / "code"}[kind]
    request = job(1, "true", setup=wire.Setup(existing=str(path)), allowed_roots=(str(allowed),))
    host.submit(request)
    assert host.wait_end(request.name).reason is ExitReason.SETUP_EXISTING
    assert not [
        found
        for found in host.folder(request.name).rglob("*")
        if found.is_file() and found.read_bytes() == b"secret"
    ]


PACKAGE = """
[project]
name = "satellite-trial"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import zipfile
WHEEL = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
def build_wheel(folder, *_):
    name = "satellite_trial-1.0-py3-none-any.whl"
    info = "satellite_trial-1.0.dist-info/"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.writestr("satellite_trial.py", "where = __file__")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: satellite-trial\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", WHEEL)
        wheel.writestr(info + "RECORD", "")
    return name
"""


def with_requirements(host: Host, number: int, text: str, command: tuple[str, ...]) -> str:
    request = job(
        number, *command, setup=wire.Setup(requirements="code/requirements.txt"), env={"PIP_NO_INDEX": "1"}
    )
    code = host.folder(request.name) / "code"
    code.mkdir(parents=True)
    (code / "requirements.txt").write_text(text)
    host.submit(request)
    return request.name


def test_jobs_with_the_same_requirements_share_one_environment(host: Host, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(PACKAGE)
    (package / "backend.py").write_text(BACKEND)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    subprocess.run(
        [host.python, "-c", f"import backend; backend.build_wheel({str(wheels)!r})"], cwd=package, check=True
    )
    show = (
        "python",
        "-c",
        "import json, sys, satellite_trial as t; print(json.dumps([sys.prefix, t.where]))",
    )
    text = f"--find-links {wheels}\nsatellite-trial==1.0\n"
    names = [with_requirements(host, number, text, show) for number in (1, 2, 3)]
    endings = [host.wait_end(name) for name in names]
    assert [ending.code for ending in endings] == [0, 0, 0], endings
    printed = {(host.folder(name) / "logs/training.log").read_text() for name in names}
    assert len(printed) == 1
    prefix, where = json.loads(printed.pop())
    made = [path for path in (host.base / ".satellite/envs").iterdir() if not path.is_symlink()]
    assert [str(path) for path in made] == [prefix]
    assert where.startswith(prefix)
    # Its last use counts, and for a day at least.
    week_s = 7 * 86_400
    assert host.ask("trim", {"keep_s": 0})["removed"] == 0
    os.utime(prefix, (time.time() - week_s, time.time() - week_s))
    assert host.ask("trim", {"keep_s": 2 * week_s})["removed"] == 0
    used_again = with_requirements(host, 4, text, ("sleep", "60"))
    host.wait_state(used_again, RemoteState.RUNNING)
    assert host.ask("trim", {"keep_s": 0})["removed"] == 0
    host.cancel(used_again)
    os.utime(prefix, (time.time() - week_s, time.time() - week_s))
    (broken := host.base / ".satellite/envs/0").symlink_to("nowhere")
    # Left by who was killed while it made or removed one; the other is being made.
    (left := host.base / ".satellite/envs/1-a").mkdir()
    os.utime(left, (time.time() - week_s, time.time() - week_s))
    (begun := host.base / ".satellite/envs/2-b").mkdir()
    assert host.ask("trim", {"keep_s": 0})["removed"] == 2
    broken.unlink()
    begun.rmdir()
    assert list((host.base / ".satellite/envs").iterdir()) == []
    again = with_requirements(host, 5, text, show)
    assert host.wait_end(again).code == 0


def test_requirements_that_cannot_be_had_are_told(host: Host) -> None:
    name = with_requirements(host, 1, "no-such-package-of-anybody==1\n", ("true",))
    ending = host.wait_end(name)
    assert ending.reason is ExitReason.SETUP_REQUIREMENTS
    assert "no-such-package-of-anybody" in ending.message
    assert list((host.base / ".satellite/envs").iterdir()) == []


def test_a_file_of_requirements_that_is_a_link_to_elsewhere_is_refused(host: Host, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    request = job(1, "true", setup=wire.Setup(requirements="code/requirements.txt"))
    code = host.folder(request.name) / "code"
    code.mkdir(parents=True)
    (code / "requirements.txt").symlink_to(outside)
    host.submit(request)
    assert host.wait_end(request.name).reason is ExitReason.SETUP_REQUIREMENTS
