"""A Ray for one worker alone, where none is named: started before it, and ended with it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from analysis_server.runtimes.worker_variables import PLATFORMS_OWN
from satellite.errors import SatelliteError
from satellite.local.ports import find_free_ports
from satellite.local.probes import log_says
from satellite.local.process import end_with_parent
from satellite.local.ray_head import RAY_STARTED, RayHead

START_TIMEOUT_S = 120
LOOK_EVERY_S = 0.1
WORDS_SHOWN = 500


class RayNotStarted(SatelliteError):
    """The worker's own Ray could not be started."""

    code = "ray_not_started"


def start_own_ray(state_dir: Path) -> dict[str, str]:
    """Start a Ray head that ends with this process, and return the variables by which it is found.

    It keeps its files in `state_dir/ray`, which is emptied first: Ray never deletes its session folders.

    Raises:
        RayNotStarted: it ended, or did not say within 120 s that it can be used.
    """
    folder = state_dir / "ray"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port, dashboard_port = find_free_ports(2)
    head = RayHead(folder=folder, port=port, dashboard_port=dashboard_port, token=secrets.token_hex(32))
    log = folder / "head.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            head.command(),
            # Whoever runs in it needs nothing of the worker's own variables, of which some are secrets.
            env=_without_own(os.environ) | head.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509  # No thread runs yet.
        )
    _wait_until_started(process, log)
    return {**head.environment(), "SATELLITE_RAY_ADDRESS": head.address}


def _without_own(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(PLATFORMS_OWN)}


def _wait_until_started(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not log_says(log, RAY_STARTED, after=0):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            words = " ".join(log.read_text(errors="replace").split())[-WORDS_SHOWN:]
            raise RayNotStarted(f"The worker's own Ray could not be started: {words}")
        time.sleep(LOOK_EVERY_S)
