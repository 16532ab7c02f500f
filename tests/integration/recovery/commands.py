"""Processes of the operation server around a recovery, by their own commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OPERATION_SERVER = [sys.executable, "-m", "operation_server.cli"]


def environment_of(database_url: str, redis_url: str, folder: Path | None = None) -> dict[str, str]:
    health = {"SATELLITE_HEALTH_DIR": str(folder)} if folder else {}
    return os.environ | {"SATELLITE_DATABASE_URL": database_url, "SATELLITE_REDIS_URL": redis_url} | health


def operate(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OPERATION_SERVER, *words], env=environment, capture_output=True, text=True, timeout=120
    )


def finish(environment: dict[str, str], *options: str) -> str:
    """Finish a recovery and return what it came to."""
    done = operate(environment, "finish-restore", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout
