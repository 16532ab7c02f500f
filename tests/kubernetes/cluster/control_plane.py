"""What directs a cluster: etcd, API server, controllers and scheduler."""

from __future__ import annotations

import json
import secrets
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from tests.fixtures.servers import wait_until
from tests.kubernetes.cluster.namespace import INNER_ADDRESS, SERVICES, Namespaces

PORT = 6443
URL = f"https://{INNER_ADDRESS}:{PORT}"
ETCD = "http://127.0.0.1:2379"


@dataclass
class ControlPlane:
    """A control plane whose API server answers to one token, that of its admin."""

    namespaces: Namespaces
    binaries: Path

    @property
    def folder(self) -> Path:
        return self.namespaces.folder / "control-plane"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def start(self) -> None:
        """Start all and wait until the API server is ready."""
        self.folder.mkdir()
        self._make_keys()
        self.namespaces.start(
            "etcd", "etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", ETCD,
            "--advertise-client-urls", ETCD, "--listen-peer-urls", "http://127.0.0.1:2380",
            "--log-level", "warn",
        )  # fmt: skip
        self._start_api_server()
        # It makes the certificate when it starts, and all others must trust it.
        wait_until(self._is_ready, timeout_s=180, interval_s=0.5)
        self.namespaces.start(
            "controllers", self.binaries / "kube-controller-manager", "--kubeconfig", self.kubeconfig,
            "--leader-elect=false", "--controllers=*,-nodeipam", "--use-service-account-credentials",
            "--service-account-private-key-file", self.folder / "accounts.key",
            "--root-ca-file", self._certificate,
        )  # fmt: skip
        self.namespaces.start(
            "scheduler",
            self.binaries / "kube-scheduler",
            "--kubeconfig",
            self.kubeconfig,
            "--leader-elect=false",
        )

    @property
    def _certificate(self) -> Path:
        return self.folder / "apiserver.crt"

    def _make_keys(self) -> None:
        private, public = self.folder / "accounts.key", self.folder / "accounts.pub"
        _openssl("genrsa", "-out", private, "2048")
        _openssl("rsa", "-in", private, "-pubout", "-out", public)
        token = secrets.token_hex(16)
        (self.folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
        cluster = {"server": URL, "certificate-authority": str(self._certificate)}
        configuration = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        }  # fmt: skip
        self.kubeconfig.write_text(yaml.safe_dump(configuration))

    def _start_api_server(self) -> None:
        self.namespaces.start(
            "apiserver", self.binaries / "kube-apiserver", "--etcd-servers", ETCD,
            "--advertise-address", INNER_ADDRESS, "--secure-port", str(PORT),
            # It signs its own certificate.
            "--cert-dir", self.folder, "--service-cluster-ip-range", SERVICES,
            "--token-auth-file", self.folder / "tokens.csv", "--authorization-mode", "RBAC",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", self.folder / "accounts.pub",
            "--service-account-signing-key-file", self.folder / "accounts.key",
            # Nodes are known by their addresses, so that no name of them has to be found.
            "--kubelet-preferred-address-types", "InternalIP",
        )  # fmt: skip

    def _is_ready(self) -> bool:
        self.namespaces.check()
        try:
            trust = ssl.create_default_context(cafile=self._certificate)
            return httpx.get(f"{URL}/readyz", verify=trust, timeout=5).status_code == 200
        except (OSError, httpx.HTTPError):
            return False


def kubectl(kubeconfig: Path, *arguments: str | Path, timeout_s: float = 120) -> str:
    """Run a command of kubectl and return what it printed."""
    done = subprocess.run(
        ["kubectl", "--kubeconfig", kubeconfig, *arguments],
        capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"kubectl {arguments}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def get(kubeconfig: Path, *arguments: str) -> list[dict[str, object]]:
    """Return the objects that `kubectl get` finds."""
    found: list[dict[str, object]] = json.loads(kubectl(kubeconfig, "get", "-o", "json", *arguments))["items"]
    return found


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
