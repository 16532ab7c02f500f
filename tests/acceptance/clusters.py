"""A cluster for acceptance tests: a host with a real sshd and simulated cards, registered and trusted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psutil

from operation_server.clusters.ssh_keys import fingerprint_of
from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until
from tests.fixtures.ssh import SshHost, ssh_host

CARDS = 2
# It tells of cards that are not there: what runs on them runs on no card.
NVIDIA_SMI = """#!/bin/sh
case "$*" in *query-compute-apps*) exit 0;; esac
for n in $(seq 1 {cards}); do
    echo "GPU-00000000-0000-0000-0000-00000000000$n, $((n - 1)), Simulated A100, 40000, 10"
done
"""
KIND = "ssh-ed25519"
ENDED = {"completed", "failed", "cancelled"}


@dataclass
class Lab:
    """A cluster of a running platform."""

    name: str
    host: SshHost
    platform: Platform
    api: httpx.Client

    def submit(self, *command: str, **options: Any) -> int:
        body = {"command": list(command), "gpus": 0, "cluster": self.name, **options}
        answer = self.api.post("/gpu-jobs", json=body)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["id"])

    def job(self, job_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/jobs/{job_id}").raise_for_status().json()
        return found

    def wait(self, job_id: int, *, timeout_s: float = 240) -> dict[str, Any]:
        wait_until(lambda: self.job(job_id)["status"] in ENDED, timeout_s=timeout_s)
        return self.job(job_id)

    def wait_phase(self, job_id: int, phase: str, *, timeout_s: float = 240) -> None:
        def has_phase() -> bool:
            answer = self.api.get(f"/jobs/{job_id}/workspace")
            # Nothing was told of it yet.
            places = [] if answer.status_code == 404 else answer.raise_for_status().json()["items"]
            return any(place["phase"] == phase for place in places)

        wait_until(has_phase, timeout_s=timeout_s)

    def log(self, job_id: int) -> str:
        return self.api.get(f"/jobs/{job_id}/logs").text

    def state(self) -> str:
        return str(self.api.get(f"/clusters/{self.name}").raise_for_status().json()["state"])

    def wait_state(self, state: str, *, timeout_s: float = 240) -> None:
        wait_until(lambda: self.state() == state, timeout_s=timeout_s)

    def trust(self) -> None:
        """Confirm the key that the host shows now, as an admin who has compared it would."""
        (expected,) = (key for key in self.host.host_keys if key.startswith(KIND))
        fingerprint = fingerprint_of(expected)

        def is_shown() -> bool:
            cluster = self.api.get(f"/clusters/{self.name}").raise_for_status().json()
            return fingerprint in {key["fingerprint"] for key in cluster["host_keys"]}

        wait_until(is_shown, timeout_s=240)
        body = {"fingerprint": fingerprint}
        self.api.post(f"/clusters/{self.name}/trust", json=body).raise_for_status()

    def kill_connector(self) -> int:
        """Kill the connector and the cluster's worker at once, and return how many processes that were."""
        found = [process for process in psutil.process_iter(["cmdline", "environ"]) if self._is_ours(process)]
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return len(found)

    def _is_ours(self, process: psutil.Process) -> bool:
        command = " ".join(process.info["cmdline"] or [])
        is_connector = command.endswith("analysis-server connector") or f"cluster-{self.name}@" in command
        return is_connector and str(self.platform.home) in str(process.info["environ"])


@contextlib.contextmanager
def lab_of(platform: Platform, name: str) -> Iterator[Lab]:
    """Have a cluster that takes jobs, for the length of the block."""
    with ssh_host() as host, platform.api() as api:
        program = host.bin_folder / "nvidia-smi"
        program.write_text(NVIDIA_SMI.format(cards=CARDS))
        program.chmod(0o755)
        body = {
            "name": name,
            "host": host.address,
            "port": host.port,
            "user": host.user,
            "base_dir": str(host.base_folder),
            "private_key": host.private_key,
        }
        api.post("/clusters", json=body).raise_for_status()
        lab = Lab(name, host, platform, api)
        lab.trust()
        lab.wait_state("ready")
        try:
            yield lab
        finally:
            remove(lab)


def remove(lab: Lab, *, timeout_s: float = 120) -> None:
    """Delete the cluster once nothing of it is active any more."""
    deadline_s = time.monotonic() + timeout_s
    while (answer := lab.api.delete(f"/clusters/{lab.name}")).status_code == 409:
        assert time.monotonic() < deadline_s, answer.text
        time.sleep(1)
    answer.raise_for_status()
