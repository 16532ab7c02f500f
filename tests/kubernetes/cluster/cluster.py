"""A real Kubernetes of one node, of which nothing is left when the block ends."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kubernetes.cluster import control_plane
from tests.kubernetes.cluster.control_plane import ControlPlane
from tests.kubernetes.cluster.engine import NodeEngine
from tests.kubernetes.cluster.namespace import own_namespaces
from tests.kubernetes.cluster.node import Node

BUILD = Path(__file__).with_name("binaries")
LOCK = Path(tempfile.gettempdir()) / "satellite-kubernetes.lock"


@dataclass(frozen=True)
class Cluster:
    """A cluster, used as its admin."""

    folder: Path
    kubeconfig: Path
    engine: NodeEngine

    def kubectl(self, *arguments: str | Path, timeout_s: float = 120) -> str:
        """Run a command of kubectl and return what it printed."""
        return control_plane.kubectl(self.kubeconfig, *arguments, timeout_s=timeout_s)

    def get(self, *arguments: str) -> list[Any]:
        """Return the objects that `kubectl get` finds."""
        return control_plane.get(self.kubeconfig, *arguments)

    def said(self, part: str) -> str:
        """Return the last that a part of the cluster has said."""
        return self.engine.namespaces.said(part)


def find_binaries() -> Path | None:
    """Return the folder of Kubernetes' binaries, None where they have not been built."""
    found = subprocess.run([BUILD, "--cached"], capture_output=True, text=True)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


@contextlib.contextmanager
def running_cluster(binaries: Path) -> Iterator[Cluster]:
    """Run a cluster until the block ends; one at a time on a machine, because its addresses are fixed."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = Path(tempfile.mkdtemp(prefix="satellite-kubernetes-"))
        folder.chmod(0o755)
        engine: NodeEngine | None = None
        try:
            with own_namespaces(folder) as namespaces:
                engine = NodeEngine(namespaces)
                engine.start()
                plane = ControlPlane(namespaces, binaries)
                plane.start()
                Node(namespaces, engine, binaries, plane.kubeconfig).start()
                yield Cluster(folder, plane.kubeconfig, engine)
        finally:
            if engine is not None:
                engine.remove_control_groups()
            shutil.rmtree(folder, ignore_errors=True)
