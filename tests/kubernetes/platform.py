"""The platform on a cluster, as `k8s/overlays/dev` describes it, used from outside only."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.deployment.compose import ADMIN
from tests.deployment.images import SERVERS, build, docker
from tests.deployment.kubernetes import copy_with_secrets
from tests.fixtures.servers import wait_until
from tests.kubernetes.cluster.cluster import Cluster

OVERLAY = Path(__file__).with_name("overlay")
VERSION = "kubernetes-test"
STORES = ("postgres:15", "redis:7")
API = "http://10.213.0.13:8000"
"""The Service of the API servers; see the overlay."""
STARTED_WITHIN_S = 400.0


@dataclass(frozen=True)
class Platform:
    """A platform whose pods a cluster runs."""

    cluster: Cluster
    manifests: Path

    @property
    def password(self) -> str:
        return (self.manifests / "k8s/overlays/dev/secrets/admin-password").read_text().strip()

    def kubectl(self, *arguments: str | Path, timeout_s: float = 120) -> str:
        """Run a command of kubectl in the platform's namespace and return what it printed."""
        return self.cluster.kubectl("-n", "satellite", *arguments, timeout_s=timeout_s)

    def pods(self, name: str) -> list[dict[str, Any]]:
        """Return the pods of a part."""
        return self.cluster.get("-n", "satellite", "pods", "-l", f"app.kubernetes.io/name={name}")

    def scale_workers(self, count: int) -> None:
        """Ask for so many workers, in the one supported way."""
        self.kubectl("scale", "deployment/analysis-worker", f"--replicas={count}")

    def client(self) -> httpx.Client:
        """Return a client of nobody; requests have connections of their own, which the Service spreads."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(base_url=f"{API}/api/v1", timeout=120, limits=limits)

    def api(self) -> httpx.Client:
        """Return a client of the admin."""
        client = self.client()
        answer = client.post("/auth/token", json={"username": ADMIN, "password": self.password})
        client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        return client

    def is_ready(self) -> bool:
        """Tell whether an API server answers."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{API}/ready", timeout=5).status_code == 200
        return False

    def describe(self) -> str:
        """Return what there is, for whoever looks why a test has failed."""
        said = [self.kubectl("get", "pods,jobs", "-o", "wide")]
        with contextlib.suppress(AssertionError):
            said.append(
                self.kubectl("logs", "-l", "app.kubernetes.io/part-of=satellite", "--tail", "15", "--prefix")
            )
        said.append(self.kubectl("get", "events", "--sort-by", ".lastTimestamp")[-4000:])
        return "\n".join(said)


def build_images() -> tuple[str, ...]:
    """Build what the overlay names, and return all images that a node needs."""
    for server in SERVERS:
        build(server, VERSION)
    plugins = f"satellite/analysis-server-plugins:{VERSION}"
    docker(
        "build", "--quiet", "-f", "k8s/plugins.Dockerfile", "-t", plugins, "plugins",
        "--build-arg", f"WORKER=satellite/analysis-server:{VERSION}",
    )  # fmt: skip
    return (f"satellite/operation-server:{VERSION}", plugins, *STORES)


@contextlib.contextmanager
def running_platform(cluster: Cluster) -> Iterator[Platform]:
    """Apply the manifests, and wait until jobs may come."""
    folder = Path(tempfile.mkdtemp(dir=cluster.folder))
    overlay = copy_with_secrets(folder) / "k8s/overlays/test"
    shutil.copytree(OVERLAY, overlay)
    for name in ("postgres", "redis", "files", "flower"):
        (folder / "volumes" / name).mkdir(parents=True)
    volumes = overlay / "volumes.yaml"
    volumes.write_text(volumes.read_text().replace("FOLDER", str(folder / "volumes")))
    platform = Platform(cluster, folder)
    cluster.kubectl("apply", "-k", overlay)
    try:
        # The admin's account is the last that they make.
        platform.kubectl(
            "wait", "--for=condition=complete", "job/migrations", f"--timeout={STARTED_WITHIN_S:.0f}s",
            timeout_s=STARTED_WITHIN_S + 30,
        )  # fmt: skip
        wait_until(platform.is_ready, timeout_s=STARTED_WITHIN_S, interval_s=1)
        yield platform
    finally:
        print(platform.describe())
