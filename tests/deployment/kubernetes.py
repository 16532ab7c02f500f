"""Renders `k8s/` as `kubectl apply -k` would, and finds the pods in what comes out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.deployment.images import ROOT

OVERLAYS = sorted(folder.name for folder in (ROOT / "k8s/overlays").iterdir() if folder.is_dir())
TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "RayCluster": ("spec", "headGroupSpec", "template"),
}
"""Where the template of pods is, by the kind of what makes them."""

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A template of pods, and what makes them."""

    kind: str
    name: str
    labels: Mapping[str, str]
    spec: Manifest

    @property
    def containers(self) -> list[Manifest]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def mounts(self) -> dict[str, Manifest]:
        """The volumes of the first container by where they are mounted."""
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        mounts = self.spec["containers"][0]["volumeMounts"]
        return {mount["mountPath"]: volumes[mount["name"]] for mount in mounts}


@dataclass(frozen=True)
class Rendered:
    """All that an overlay applies."""

    manifests: list[Manifest]

    def of(self, kind: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    def one(self, kind: str, name: str) -> Manifest:
        return next(each for each in self.of(kind) if each["metadata"]["name"] == name)

    @cached_property
    def pods(self) -> list[Pod]:
        return [pod for manifest in self.manifests for pod in _pods(manifest)]

    def pod(self, name: str) -> Pod:
        return next(pod for pod in self.pods if pod.name == name)

    def environment(self, pod: Pod) -> dict[str, str | None]:
        """Return the variables of the first container; None is what comes from a secret."""
        container = pod.spec["containers"][0]
        found: dict[str, str | None] = {}
        for source in container.get("envFrom", []):
            found |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        return found | {variable["name"]: variable.get("value") for variable in container.get("env", [])}


def _pods(manifest: Manifest) -> Iterator[Pod]:
    template: Any = manifest
    if manifest["kind"] not in TEMPLATES:
        return
    for step in TEMPLATES[manifest["kind"]]:
        template = template[step]
    labels = template["metadata"].get("labels", {})
    yield Pod(manifest["kind"], manifest["metadata"]["name"], labels, template["spec"])


def render(folder: Path) -> Rendered:
    """Return what `kubectl apply -k` of a folder would send."""
    done = subprocess.run(
        ["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return Rendered([manifest for manifest in yaml.safe_load_all(done.stdout) if manifest])


def copy_with_secrets(folder: Path) -> Path:
    """Copy what is rendered, and make the secrets of the overlay `dev` there."""
    for name in ("k8s", "compose"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("secrets"))
    subprocess.run([folder / "k8s/overlays/dev/prepare"], check=True, capture_output=True, timeout=60)
    return folder
