"""The file for clusters: the same bytes for the same code, for Python 3.6 and its standard library only."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis_server.connector import remote, remote_file

FOLDER = Path(remote.__path__[0])
FILES = sorted(FOLDER.glob("*.py"))
PACKAGE = "analysis_server.connector.remote"


def test_the_same_code_gives_the_same_bytes() -> None:
    content, sha256 = remote_file.build()
    again = subprocess.run(
        [
            sys.executable,
            "-c",
            "from analysis_server.connector import remote_file; print(remote_file.build()[1])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.strip() == sha256
    assert content.startswith(b"#!/usr/bin/env python3\n")
    assert remote_file.file_name(sha256) == f"agent-{sha256[:16]}.pyz"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_module_is_python_3_6_of_its_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 6))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names or name.startswith(PACKAGE), name
            assert name not in ("dataclasses", "__future__", "contextvars", "zoneinfo", "graphlib"), name


def test_it_starts_in_the_oldest_python_that_is_here(tmp_path: Path) -> None:
    content, sha256 = remote_file.build()
    path = tmp_path / remote_file.file_name(sha256)
    path.write_bytes(content)
    found = [name for name in (f"python3.{minor}" for minor in range(6, 11)) if _runs(name)]
    if not found:
        pytest.skip("no Python older than 3.11 here")
    check = f"import sys, importlib; sys.path.insert(0, {str(path)!r})\n"
    check += "".join(
        f"importlib.import_module('{PACKAGE}.{module.stem}')\n"
        for module in FILES
        if module.stem != "__init__"
    )
    done = subprocess.run([found[0], "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _runs(name: str) -> bool:
    return (
        shutil.which(name) is not None
        and subprocess.run([name, "--version"], capture_output=True).returncode == 0
    )
