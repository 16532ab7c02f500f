"""Builds the servers' images; the engine's cache makes a second time cost a second."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVERS = ("operation-server", "analysis-server")
VERSION = os.environ.get("SATELLITE_VERSION", "0.1.0")
"""The tag, as `docker-compose.yml` reads it."""


def docker(*arguments: str, timeout_s: float = 120) -> str:
    """Run a command of the engine and return what it printed."""
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout_s)
    assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()


@cache
def build(server: str, version: str = VERSION) -> str:
    """Return the image of a server, made of the present files."""
    image = f"satellite/{server}:{version}"
    # Of two that build at once, the second shall find the steps of the first in the engine's cache.
    with (ROOT / server / "Dockerfile").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        docker(
            "build", "--quiet", "--network", "host", "-f", f"{server}/Dockerfile", "-t", image, ".",
            "--build-arg", f"VERSION={version}", timeout_s=1200,
        )  # fmt: skip
    return image


def inspect(thing: str) -> dict[str, Any]:
    """Return what the engine knows of an image or a container."""
    found: dict[str, Any] = json.loads(docker("inspect", thing))[0]
    return found
