"""A direct lane of a test's own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from satellite.local.ports import find_free_port
from tests.fixtures.servers import wait_until

KEY = "0123456789abcdefghijklmnopqrstuv"
ANALYSIS_SERVER = Path(sys.executable).with_name("analysis-server")


@contextlib.contextmanager
def running_server(state_dir: Path, **settings: str) -> Iterator[InferenceServer]:
    """Start one, wait until its models are ready, and end it."""
    port = settings.get("SATELLITE_INFERENCE_PORT") or str(find_free_port())
    variables = os.environ | {
        "SATELLITE_INFERENCE_API_KEYS": KEY,
        "SATELLITE_INFERENCE_PORT": port,
        "SATELLITE_INFERENCE_STATE_DIR": str(state_dir),
        **settings,
    }
    process = subprocess.Popen([ANALYSIS_SERVER, "inference"], env=variables)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": KEY}, timeout=60
        ) as client:
            server = InferenceServer(process, client)
            wait_until(server.is_ready)
            yield server
    finally:
        process.terminate()
        assert process.wait(30) in {0, -signal.SIGTERM, -signal.SIGKILL}


class InferenceServer:
    """A running one."""

    def __init__(self, process: subprocess.Popen[bytes], client: httpx.Client) -> None:
        self.process = process
        self.client = client

    def is_ready(self) -> bool:
        """Tell whether its models are loaded that are to stay loaded."""
        assert self.process.poll() is None
        with contextlib.suppress(httpx.TransportError):
            return self.client.get("/v2/health/ready").status_code == 200
        return False

    def loaded(self) -> list[str]:
        """Return which models answer at once."""
        models: list[str] = self.client.get("/api/v1/health").json()["models_loaded"]
        return models

    def model_process(self, name: str) -> psutil.Process | None:
        """Return the process of a model, whatever is around it."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                line = process.cmdline()
                if line[1:] == ["-m", "analysis_server.models", name]:
                    return process
        return None
