"""The container engine of a cluster's node: a second one, whose images and containers are its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.servers import wait_until
from tests.kubernetes.cluster.namespace import BRIDGE, Namespaces

OCI_RUNTIME = Path(__file__).with_name("oci-runtime")
PAUSE = "satellite/pause:test"
PAUSE_FILE = 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n'


@dataclass
class NodeEngine:
    """A Docker engine in namespaces of its own."""

    namespaces: Namespaces

    @property
    def folder(self) -> Path:
        return self.namespaces.folder / "engine"

    @property
    def address(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    @property
    def control_group(self) -> str:
        """Below which all its containers are."""
        return f"/{self.namespaces.folder.name}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir()
        configuration = {
            "runtimes": {"node": {"path": str(OCI_RUNTIME)}},
            "default-runtime": "node",
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
        }
        (self.folder / "daemon.json").write_text(json.dumps(configuration))
        self.namespaces.start(
            "dockerd", "dockerd", "--config-file", self.folder / "daemon.json",
            "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
            "--pidfile", self.folder / "docker.pid", "-H", self.address,
            "--cgroup-parent", self.control_group,
            # kube-proxy makes all rules that there are.
            "--bridge", BRIDGE, "--iptables=false", "--ip-masq=false", "--log-level", "warn",
        )  # fmt: skip
        wait_until(self._answers, timeout_s=120, interval_s=0.2)

    def docker(self, *arguments: str | Path) -> str:
        """Run a command of this engine and return what it printed."""
        done = subprocess.run(
            ["docker", "-H", self.address, *arguments], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"docker {arguments}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout.strip()

    def add_pause_image(self, binaries: Path) -> str:
        """Make the image that holds the namespaces of a pod, and return its name."""
        context = self.folder / "pause"
        context.mkdir()
        (context / "Dockerfile").write_text(PAUSE_FILE)
        os.link(binaries / "pause", context / "pause")
        self.docker("build", "--quiet", "-t", PAUSE, context)
        return PAUSE

    def take_images(self, *names: str) -> None:
        """Copy images from the machine's engine."""
        with subprocess.Popen(["docker", "save", *names], stdout=subprocess.PIPE) as saving:
            loaded = subprocess.run(
                ["docker", "-H", self.address, "load", "--quiet"], stdin=saving.stdout, capture_output=True,
                timeout=600,
            )  # fmt: skip
        assert (saving.returncode, loaded.returncode) == (0, 0), loaded.stderr.decode()

    def remove_control_groups(self) -> None:
        """Remove those of all its containers, whose processes have ended or are about to."""
        wait_until(lambda: not [group for group in self._control_groups() if not _is_removed(group)])

    def _control_groups(self) -> list[Path]:
        hierarchies = Path("/sys/fs/cgroup").glob(f"*{self.control_group}")
        # What is inside another comes first.
        return [Path(group) for each in hierarchies for group, _, _ in os.walk(each, topdown=False)]

    def _answers(self) -> bool:
        self.namespaces.check()
        return subprocess.run(["docker", "-H", self.address, "info"], capture_output=True).returncode == 0


def _is_removed(group: Path) -> bool:
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()
