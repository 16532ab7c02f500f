"""`k8s/` renders, and is what the API servers of Kubernetes' versions take."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
from jsonschema import Draft202012Validator

from tests.deployment.custom_resources import SPECS
from tests.deployment.images import ROOT
from tests.deployment.kubernetes import OVERLAYS, Manifest, Rendered, copy_with_secrets, render

OLDEST = "1.30"
"""The oldest version of Kubernetes that these manifests are for."""
PLUGINS = "satellite-plugins"
OF_A_DOCUMENT = re.compile(r"^```yaml\n(apiVersion: kustomize.*?)^```", re.MULTILINE | re.DOTALL)


def check(manifest: Manifest, version: str) -> None:
    _check_text(json.dumps(manifest, sort_keys=True), version)


@cache
def _check_text(text: str, version: str) -> None:
    """Check a manifest once, because most are the same in all variants."""
    manifest = json.loads(text)
    spec = SPECS.get((manifest["apiVersion"], manifest["kind"]))
    if spec is None:
        kubernetes_validate.validate(manifest, version, strict=True)
    else:
        Draft202012Validator(spec).validate(manifest["spec"])
        assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}


def test_all_overlays_are_there() -> None:
    assert OVERLAYS == ["clusters", "dev", "gpu", "inference", "kafka", "keda", "kuberay", "pods", "rabbitmq"]


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
def test_each_manifest_follows_its_schema(rendered: Rendered, version: str) -> None:
    for manifest in rendered.manifests:
        check(manifest, version)
    for pod in rendered.pods:
        # Templates of other projects' resources are pods all the same.
        check({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": pod.spec}, version)


def test_the_schemas_would_find_a_slip() -> None:
    slip: Manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"port": []}}

    with pytest.raises(kubernetes_validate.ValidationError):
        check(slip, OLDEST)


def test_no_name_is_given_twice_and_all_but_namespaces_are_in_one(rendered: Rendered) -> None:
    names = Counter(
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in rendered.manifests
    )
    namespaces = {each["metadata"]["name"] for each in rendered.of("Namespace")}

    assert names.most_common(1)[0][1] == 1
    assert namespaces <= {"satellite", PLUGINS}
    assert {each["metadata"].get("namespace") for each in rendered.manifests} == {*namespaces, None}
    assert {each["kind"] for each in rendered.manifests if "namespace" not in each["metadata"]} == {
        "Namespace"
    }


def test_the_example_of_an_overlay_renders(tmp_path: Path, kubectl: None) -> None:
    copy_with_secrets(tmp_path)
    (example,) = OF_A_DOCUMENT.findall((ROOT / "DEPLOYMENT.md").read_text())
    (tmp_path / "kustomization.yaml").write_text(example)

    rendered = render(tmp_path)

    assert {each["spec"]["rules"][0]["host"] for each in rendered.of("Ingress")} == {"jobs.example.org"}
    assert {"ScaledObject", "ExternalSecret"} <= {each["kind"] for each in rendered.manifests}


def test_nothing_of_a_secret_is_in_the_repository(kubectl: None) -> None:
    """Without the secrets that `prepare` makes, the overlay that needs some does not render."""
    kept = subprocess.run(
        ["git", "ls-files", "k8s"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert "/secrets/" not in kept
    assert "kind: Secret\n" not in "".join(path.read_text() for path in (ROOT / "k8s").rglob("*.yaml"))
