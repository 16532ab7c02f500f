"""Runs a plugin the way the process runtime does: its own environment, the SDK and nothing else of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from uv import find_uv_bin

from tests.plugins.folders import REPOSITORY_ROOT

TIMEOUT_S = 180
EXAMPLE_VERSION = "example"
"""Of a plugin that loads models: a folder with a version of one."""


@dataclass(frozen=True, kw_only=True)
class PluginEnvironment:
    """A plugin's folder, and a Python that has its packages."""

    folder: Path
    python: Path
    sdk: Path

    def run(
        self, stdin: bytes = b"", *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the plugin on `stdin` until it ends."""
        return self.call("main.py", *arguments, stdin=stdin, **variables)

    def serve(self, *requests: Any) -> list[Any]:
        """Run the plugin as a server on these requests and return what it answers, line by line."""
        lines = b"".join(orjson.dumps(request) + b"\n" for request in requests)
        done = self.run(lines, SATELLITE_PLUGIN_MODE="server")
        assert done.returncode == 0, done.stderr.decode()
        return [orjson.loads(line) for line in done.stdout.splitlines()]

    def call(
        self, *arguments: str, stdin: bytes = b"", **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run this Python with the SDK on its path, in the plugin's folder."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.sdk), "OMP_NUM_THREADS": "1"}
        if (self.folder / EXAMPLE_VERSION).is_dir():
            environment["SATELLITE_MODEL_DIR"] = str(self.folder / EXAMPLE_VERSION)
        # Byte code of packages speeds up the next start, that of the plugin would litter its folder.
        environment["PYTHONPYCACHEPREFIX"] = str(self.python.parent.parent / "pycache")
        return subprocess.run(
            [self.python, *arguments],
            input=stdin, capture_output=True, cwd=self.folder, timeout=TIMEOUT_S, env=environment | variables,
        )  # fmt: skip


def make_environment(folder: Path, where: Path) -> PluginEnvironment:
    """Make the environment of a plugin with uv, from its pinned requirements."""
    python = where / folder.name / "bin" / "python"
    uv = [find_uv_bin(), "--quiet", "--no-config"]
    subprocess.run([*uv, "venv", "--python", sys.executable, where / folder.name], check=True)
    subprocess.run([*uv, "pip", "install", "--python", python, "-r", folder / "requirements.txt"], check=True)
    return PluginEnvironment(folder=folder, python=python, sdk=copy_sdk(where / "sdk"))


def copy_sdk(where: Path) -> Path:
    """Copy what an image gets of Satellite to `where`, and nothing else."""
    source = REPOSITORY_ROOT / "shared/src/satellite"
    if not where.exists():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / "plugin", where / "satellite/plugin", ignore=ignored)
        shutil.copy(source / "__init__.py", where / "satellite/__init__.py")
    return where
