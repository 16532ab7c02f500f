"""The product as a user starts it: `satellite up` on random ports, used from outside only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from satellite.local.ports import find_free_port
from tests.fixtures.servers import wait_until

SATELLITE = str(Path(sys.executable).with_name("satellite"))


@dataclass
class Platform:
    """One running stack; `start` and `stop` may be repeated on the same home."""

    home: Path
    port: int = field(default_factory=find_free_port)
    flower_port: int = field(default_factory=find_free_port)
    inference_port: int = field(default_factory=find_free_port)
    arguments: tuple[str, ...] = ("--no-demo",)
    environment: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def start(self, *, timeout_s: float = 240) -> None:
        """Start the stack and wait for its `ready` line."""
        self.lines.clear()
        self.process = subprocess.Popen(
            [
                SATELLITE, "up", "--home", str(self.home), "--port", str(self.port),
                "--flower-port", str(self.flower_port), "--inference-port", str(self.inference_port),
                *self.arguments,
            ],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        process = self.process
        wait_until(lambda: process.poll() is not None or self._is_ready(), timeout_s=timeout_s)
        assert process.poll() is None, f"satellite up ended with {process.returncode}:\n{self.output}"

    def wait_worker_ready(self, *, timeout_s: float = 240) -> None:
        """Wait until the supervisor has seen every part ready: one that dies before that ends the start."""
        wait_until(lambda: "All parts run" in self.output, timeout_s=timeout_s)

    def wait_models_installed(self, *, timeout_s: float = 600) -> None:
        """Wait until the models that come with the product answer; an image may take a while to make."""
        said = ("Models answer", "not installed", "No models")
        wait_until(lambda: any(words in self.output for words in said), timeout_s=timeout_s)
        assert "Models answer" in self.output, self.output

    def stop(self, *, timeout_s: float = 180) -> int:
        """Press Ctrl-C and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout_s)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            if self.reader is not None:
                self.reader.join(10)

    def api(self) -> httpx.Client:
        """Return a logged-in HTTP client."""
        credentials = json.loads((self.home / "credentials.json").read_text())
        token = httpx.post(
            f"{self.url}/api/v1/auth/token",
            json={"username": credentials["username"], "password": credentials["password"]},
        ).json()["access_token"]
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=120
        )

    def metrics(self) -> str:
        """Return what Prometheus would be shown."""
        token = (self.home / "metrics-token").read_text()
        shown = httpx.get(f"{self.url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        return shown.raise_for_status().text

    def command(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the `satellite` command as a user of this stack would."""
        environment = {
            **os.environ,
            "SATELLITE_URL": self.url,
            "SATELLITE_CONFIG_DIR": str(self.home / "client"),
            "SATELLITE_HOME": str(self.home),
        }
        return subprocess.run(
            [SATELLITE, *arguments], env=environment, input=stdin, text=True, capture_output=True,
            timeout=120, check=False,
        )  # fmt: skip

    def leftover_processes(self) -> list[str]:
        """Return the command lines of live processes that mention this stack's home."""
        marker = str(self.home)
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                text = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
            except OSError:
                continue
            if marker.encode() in text:
                found.append(f"{entry.name} " + (entry / "cmdline").read_text().replace("\0", " "))
        return found

    def _is_ready(self) -> bool:
        return any(line.startswith("ready") for line in self.lines)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line)


@contextlib.contextmanager
def fresh_platform(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Platform]:
    """Give a platform a home of its own until the block ends; it is to be started."""
    home = Path(tempfile.mkdtemp(prefix="satellite-test-"))
    home.chmod(0o755)
    platform = Platform(home, arguments=arguments, environment=dict(environment or {}))
    try:
        yield platform
    finally:
        if platform.process is not None:
            platform.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running_platform(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Platform]:
    """Run a platform on a home of its own until the block ends."""
    with fresh_platform(*arguments, environment=environment) as platform:
        platform.start()
        platform.wait_worker_ready()
        yield platform


def wait_for_job(api: httpx.Client, job_id: int, *, timeout_s: float = 90) -> dict[str, Any]:
    """Return the job once it is in a terminal state."""

    def finished() -> dict[str, Any] | None:
        job: dict[str, Any] = api.get(f"/jobs/{job_id}").json()
        return job if job["status"] in {"completed", "failed", "cancelled"} else None

    result: dict[str, Any] = wait_until(finished, timeout_s=timeout_s, interval_s=0.1)
    return result


def submit(api: httpx.Client, plugin_name: str, input_data: Any, **fields: Any) -> dict[str, Any]:
    """Submit a job and return the answer's body."""
    answer = api.post("/jobs", json={"plugin_name": plugin_name, "input_data": input_data, **fields})
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body
