"""The one node: a kubelet that speaks to its engine, and kube-proxy, which makes Services of rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.fixtures.servers import wait_until
from tests.kubernetes.cluster.control_plane import kubectl
from tests.kubernetes.cluster.engine import NodeEngine
from tests.kubernetes.cluster.namespace import NODE_ADDRESS, PODS, Namespaces

NAME = "node1"


@dataclass
class Node:
    """A node of a cluster."""

    namespaces: Namespaces
    engine: NodeEngine
    binaries: Path
    kubeconfig: Path

    @property
    def folder(self) -> Path:
        return self.namespaces.folder / "node"

    def start(self) -> None:
        """Start both, and wait until pods may come."""
        self.folder.mkdir()
        pause = self.engine.add_pause_image(self.binaries)
        self.namespaces.start(
            "kubelet", self.binaries / "kubelet", "--config", self._write("kubelet", self._kubelet()),
            "--kubeconfig", self.kubeconfig, "--root-dir", self.folder / "kubelet",
            "--cert-dir", self.folder / "kubelet-certificates", "--hostname-override", NAME,
            "--node-ip", NODE_ADDRESS, "--container-runtime", "docker",
            "--docker-endpoint", self.engine.address,
            "--experimental-dockershim-root-directory", self.folder / "dockershim",
            "--pod-infra-container-image", pause,
        )  # fmt: skip
        self.namespaces.start(
            "proxy", self.binaries / "kube-proxy", "--config", self._write("proxy", self._proxy()),
            "--hostname-override", NAME,
        )  # fmt: skip
        wait_until(self._is_ready, timeout_s=120, interval_s=1)

    def _kubelet(self) -> dict[str, Any]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "evictionHard": {},
            "failSwapOn": False,
            # All that has a way here is the cluster's own.
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "readOnlyPort": 0,
            "volumePluginDir": str(self.folder / "volume-plugins"),
            # Its folder would be one of the machine's.
            "featureGates": {"DevicePlugins": False},
            "imageGCHighThresholdPercent": 100,
            "maxPods": 60,
        }

    def _proxy(self) -> dict[str, Any]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.kubeconfig)},
            "mode": "iptables",
            "clusterCIDR": PODS,
            "conntrack": {"maxPerCore": 0, "min": 0},
            # Pods of one bridge would answer each other directly, from an address that was not asked.
            "iptables": {"masqueradeAll": True},
        }

    def _write(self, name: str, configuration: dict[str, Any]) -> Path:
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(configuration))
        return file

    def _is_ready(self) -> bool:
        self.namespaces.check()
        ready = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
        return kubectl(self.kubeconfig, "get", "nodes", "-o", ready) == "True"
