"""The folder of a run that a plugin writes to, as the worker's own user sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis_server.runtimes.owned_folder import remove_tree
from satellite.contracts.attempt_files import is_artifact_name

MAKE = """
import pathlib, sys
from analysis_server.runtimes.run.outputs import make_outputs_folder
make_outputs_folder(pathlib.Path(sys.argv[1]), user=None)
"""
WRITE = "umask 077; mkdir -p $0/outputs/a/b && echo mine > $0/outputs/a/b/c"


def run_as(user: int, *command: str) -> subprocess.CompletedProcess[str]:
    setpriv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
    return subprocess.run([*setpriv, *command], check=True, capture_output=True, text=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")
def test_a_worker_that_is_not_root_reads_and_removes_what_others_write() -> None:
    folder = Path("/var/tmp") / f"satellite-outputs-{os.getpid()}"
    folder.mkdir()
    try:
        os.chown(folder, 30_001, 30_001)
        run_as(30_001, sys.executable, "-c", MAKE, str(folder))
        run_as(30_002, "sh", "-c", WRITE, str(folder))

        assert run_as(30_001, "cat", f"{folder}/outputs/a/b/c").stdout == "mine\n"
        run_as(30_001, "rm", "-r", f"{folder}/outputs/a")
    finally:
        shutil.rmtree(folder)


def test_a_tree_deeper_than_python_goes_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    deep = os.open(tmp_path, os.O_RDONLY)
    for name in ("top", *["d"] * 3_000):
        os.mkdir(name, dir_fd=deep)
        below = os.open(name, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    remove_tree(top)

    assert not top.exists()


@pytest.mark.parametrize("name", ["a", "a/b c.csv", "ü/ 'x'", ".hidden", "...", "a" * 500])
def test_names_of_artifacts(name: str) -> None:
    assert is_artifact_name(name)


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\nb", "a\\b", "a\x7f", "\udce4", "a" * 501]
)
def test_what_is_no_name_of_an_artifact(name: str) -> None:
    assert not is_artifact_name(name)
