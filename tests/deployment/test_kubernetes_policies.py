"""What every pod of `k8s/` is held to, and who may talk to whom."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from analysis_server.settings import WorkerSettings
from tests.deployment.images import ROOT, SERVERS
from tests.deployment.kubernetes import Manifest, Pod, Rendered
from tests.deployment.network_policies import egress_ports, ingress_peers, policies_of
from tests.deployment.pod_policy import faults

OPERATION = {"operation-api", "dispatcher", "results", "notifications"}
OWNERS = {"migrations", "keep-audit"}
DRAINED_BEFORE_KILL_S = 30
"""What DEPLOYMENT.md promises between the end of a drain and a kill."""


def test_each_pod_keeps_all_rules(rendered: Rendered) -> None:
    assert {pod.name: found for pod in rendered.pods if (found := faults(pod))} == {}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda pod: pod["containers"][0].update(image="satellite/operation-server"), "has no version"),
        (lambda pod: pod["containers"][0].update(image="redis:latest"), "has no version"),
        (lambda pod: pod["containers"][0]["resources"]["limits"].pop("memory"), "limits lack"),
        (lambda pod: pod["containers"][0]["securityContext"].pop("capabilities"), "securityContext is"),
        (lambda pod: pod["containers"][0].pop("livenessProbe"), "has no livenessProbe"),
        (lambda pod: pod["containers"][0]["ports"].append({"hostPort": 80}), "a port is the node's"),
        (lambda pod: pod["securityContext"].update(runAsUser=0), "may run as root"),
        (lambda pod: pod["securityContext"].pop("seccompProfile"), "has no seccomp profile"),
        (lambda pod: pod.pop("automountServiceAccountToken"), "a token of the API server"),
        (lambda pod: pod.pop("enableServiceLinks"), "variables of Services"),
        (lambda pod: pod.update(hostNetwork=True), "has hostNetwork"),
        (lambda pod: pod["volumes"].append({"name": "a", "hostPath": {}}), "is a hostPath"),
        (lambda pod: pod["volumes"].append({"name": "a", "emptyDir": {}}), "has no limit"),
        (lambda pod: pod.pop("terminationGracePeriodSeconds"), "nothing about its end"),
    ],
)
def test_each_rule_finds_its_fault(base: Rendered, spoil: Callable[[Manifest], Any], told: str) -> None:
    good = base.pod("operation-api")
    spec = copy.deepcopy(good.spec)
    spoil(spec)

    assert any(told in fault for fault in faults(Pod(good.kind, good.name, good.labels, spec)))


@pytest.mark.parametrize("server", SERVERS)
def test_images_are_of_this_version(rendered: Rendered, server: str) -> None:
    version = tomllib.loads((ROOT / server / "pyproject.toml").read_text())["project"]["version"]
    tags = {
        container["image"].rpartition(":")[2]
        for pod in rendered.pods
        for container in pod.containers
        if container["image"].startswith(f"satellite/{server}")
    }

    assert version in tags
    assert tags <= {version, f"{version}-cuda"}


def test_workers_have_the_time_to_drain(rendered: Rendered) -> None:
    workers = [pod for pod in rendered.pods if pod.labels.get("app.kubernetes.io/component") == "worker"]

    assert workers
    for worker in workers:
        stated = rendered.environment(worker).get("SATELLITE_WORKER_DRAIN_TIMEOUT_S")
        drain_s = float(stated or WorkerSettings.model_fields["drain_timeout_s"].default)
        assert worker.spec["terminationGracePeriodSeconds"] >= drain_s + DRAINED_BEFORE_KILL_S


def test_the_namespace_refuses_what_is_not_restricted(base: Rendered) -> None:
    labels = base.one("Namespace", "satellite")["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_scaled_deployments_state_no_number(rendered: Rendered) -> None:
    """Or an apply would set back what an autoscaler or `kubectl scale` has set."""
    scaled = {hpa["spec"]["scaleTargetRef"]["name"] for hpa in rendered.of("HorizontalPodAutoscaler")}
    scaled |= {pod.name for pod in rendered.pods if pod.labels.get("app.kubernetes.io/component") == "worker"}

    assert {"operation-api", "analysis-worker"} <= scaled
    assert [name for name in scaled if "replicas" in rendered.one("Deployment", name)["spec"]] == []


def test_the_api_is_scaled_as_promised(base: Rendered) -> None:
    spec = base.one("HorizontalPodAutoscaler", "operation-api")["spec"]

    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_evictions_take_one_after_the_other(rendered: Rendered) -> None:
    kept = {budget["metadata"]["name"]: budget["spec"] for budget in rendered.of("PodDisruptionBudget")}
    # Flower and the connector are one each, and a budget would keep their node from ever being emptied.
    one_each = {"flower", "connector"}
    wanted = {deployment["metadata"]["name"] for deployment in rendered.of("Deployment")} - one_each

    assert kept.keys() == wanted
    for name, spec in kept.items():
        assert spec["maxUnavailable"] == 1
        assert spec["selector"]["matchLabels"].items() <= rendered.pod(name).labels.items()


def test_each_pod_is_cut_off_and_let_through_only_where_it_must(rendered: Rendered) -> None:
    for pod in rendered.pods:
        names = {policy["metadata"]["name"] for policy in policies_of(rendered, pod)}
        assert "default-deny" in names, pod.name
        assert names - {"default-deny", "names"}, f"{pod.name} reaches nothing and nothing reaches it"


def test_only_those_reach_a_store_whose_work_it_is(rendered: Rendered) -> None:
    workers = {pod.name for pod in rendered.pods if pod.labels.get("app.kubernetes.io/component") == "worker"}
    reaching = {
        port: {pod.name for pod in rendered.pods if port in egress_ports(rendered, pod)}
        for port in (5432, 6379)
    }

    # It is there in one variant only.
    kafka = {pod.name for pod in rendered.pods} & {"kafka"}
    assert reaching[5432] == OPERATION | OWNERS | kafka
    assert reaching[6379] == OPERATION | {"flower"} | kafka | workers


def test_workers_reach_the_api(rendered: Rendered) -> None:
    workers = {pod.name for pod in rendered.pods if pod.labels.get("app.kubernetes.io/component") == "worker"}

    assert workers <= ingress_peers(rendered, rendered.pod("operation-api"))


def test_stores_are_reached_by_those_alone(dev: Rendered) -> None:
    assert ingress_peers(dev, dev.pod("postgres")) == OPERATION | OWNERS
    assert ingress_peers(dev, dev.pod("redis")) == OPERATION | {"flower", "analysis-worker"}


def test_workers_may_make_pods_in_the_namespace_of_plugins_and_nothing_else(pods: Rendered) -> None:
    (role,), (binding,) = pods.of("Role"), pods.of("RoleBinding")
    accounts = {pod.name for pod in pods.pods if pod.spec.get("serviceAccountName")}

    assert accounts == {"analysis-worker"}
    assert {each["metadata"]["namespace"] for each in (role, binding)} == {"satellite-plugins"}
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "analysis-worker", "namespace": "satellite"}
    ]
    assert {name for rule in role["rules"] for name in rule["resources"]} == {
        "pods",
        "pods/log",
        "pods/attach",
    }
    assert pods.of("ClusterRole") == pods.of("ClusterRoleBinding") == []


def test_pods_of_plugins_are_restricted_and_cut_off(pods: Rendered) -> None:
    labels = pods.one("Namespace", "satellite-plugins")["metadata"]["labels"]
    policies = {
        policy["metadata"]["name"]: policy["spec"]
        for policy in pods.of("NetworkPolicy")
        if policy["metadata"]["namespace"] == "satellite-plugins"
    }

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies["plugins-with-network"]["podSelector"] == {"matchLabels": {"satellite.network": "true"}}
