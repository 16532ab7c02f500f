"""A deployment by `docker-compose.yml`, with secrets, ports and a name of its own, used from outside only."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from satellite.local.ports import find_free_port
from tests.deployment.images import ROOT, docker
from tests.fixtures.servers import wait_until

ADMIN = "admin@satellite.local"


@dataclass
class Deployment:
    """A copy of the checkout, in which the documented commands are run as they stand."""

    folder: Path
    project: str = field(default_factory=lambda: f"satellite-test-{secrets.token_hex(3)}")
    https_port: int = field(default_factory=find_free_port)
    http_port: int = field(default_factory=find_free_port)
    files: tuple[str, ...] = ("docker-compose.yml",)

    def with_files(self, *files: str) -> Deployment:
        """Return the same deployment as more files describe it."""
        return replace(self, files=files)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": os.pathsep.join(self.files),
            "STACK_ID": self.project,
            "HTTPS_PORT": str(self.https_port),
            "HTTP_PORT": str(self.http_port),
            "BUILD_NETWORK": "host",
            "SATELLITE_CONFIG_DIR": str(self.folder / "login"),
        }

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "secrets" / "tls.crt")

    @property
    def password(self) -> str:
        return (self.folder / "secrets" / "admin-password").read_text()

    def run(self, *command: str, timeout_s: float = 300) -> str:
        """Run a command from the root of the copy and return what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def compose(self, *arguments: str, timeout_s: float = 300) -> str:
        """Run a command of Compose."""
        return self.run("docker-compose", *arguments, timeout_s=timeout_s)

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers, those that run or have ended."""
        # The engine answers in a tenth of a second, Compose in one that is all processor time.
        labels = {"project": self.project, "service": service}
        chosen = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return docker("ps", "-aq", "--no-trunc", *chosen).split()

    def execute(self, container: str, *command: str) -> str:
        """Run a command in a container."""
        return docker("exec", container, *command)

    def is_ready(self) -> bool:
        """Tell whether an API server answers through nginx."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/ready", verify=self.trust, timeout=5).status_code == 200
        return False

    def api(self) -> httpx.Client:
        """Return a logged-in client; each request has a connection of its own."""
        limits = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=f"{self.url}/api/v1", verify=self.trust, timeout=120, limits=limits)
        answer = client.post("/auth/token", json={"username": ADMIN, "password": self.password})
        client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        return client


def copy_checkout(folder: Path) -> None:
    """Copy the files of the checkout, and lend it the environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")


@contextlib.contextmanager
def running_deployment() -> Iterator[Deployment]:
    """Bring a deployment up until the block ends; then nothing of it may be left."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-compose-"))
    # What nginx and Prometheus are given is read by users of their own.
    folder.chmod(0o755)
    copy_checkout(folder)
    deployment = Deployment(folder)
    try:
        deployment.run("compose/prepare", "localhost")
        deployment.compose("up", "-d", timeout_s=600)
        wait_until(deployment.is_ready, timeout_s=120, interval_s=0.5)
        yield deployment
    finally:
        with contextlib.suppress(AssertionError):
            print(deployment.compose("logs", "--no-color", "--tail", "40"))
        deployment.compose("down", "--volumes", "--timeout", "30", timeout_s=400)
        shutil.rmtree(folder, ignore_errors=True)
    left = docker("ps", "-aq", "--filter", f"label=satellite.stack={deployment.project}")
    assert left == "", "containers of plugins were left"
