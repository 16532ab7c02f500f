"""What every pod has to be, as rules that tell what is wrong; Kubernetes' own `restricted` among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.deployment.kubernetes import Manifest, Pod

TAG = re.compile(r"^[^:@]+(:(?P<tag>[\w.-]+)|@sha256:[0-9a-f]{64})$")
VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}
"""Those that a restricted pod may have and ours need; `hostPath` would be the node's."""
LIMITED = ("cpu", "memory", "ephemeral-storage")
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def image_has_a_version(container: Manifest) -> str | None:
    found = TAG.match(container["image"])
    return None if found and found["tag"] != "latest" else f"image {container['image']} has no version"


def resources_are_limited(container: Manifest) -> str | None:
    resources = container.get("resources", {})
    for part in ("requests", "limits"):
        lacking = [name for name in LIMITED if name not in resources.get(part, {})]
        if lacking:
            return f"{part} lack {lacking}"
    return None


def container_is_restricted(container: Manifest) -> str | None:
    context = container.get("securityContext", {})
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    return None if context == wanted else f"securityContext is {context}"


def ports_are_not_the_nodes(container: Manifest) -> str | None:
    return "a port is the node's" if any("hostPort" in port for port in container.get("ports", [])) else None


def pod_is_restricted(pod: Pod) -> Iterator[str]:
    context = pod.spec.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield "may run as root"
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "has no seccomp profile"
    if (
        pod.spec.get("automountServiceAccountToken") is not False
        and pod.spec.get("serviceAccountName") is None
    ):
        yield "is given a token of the API server, and no account of its own"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "is given variables of Services"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(name):
            yield f"has {name}"


def volumes_are_bounded(pod: Pod) -> Iterator[str]:
    for volume in pod.spec.get("volumes", []):
        (kind,) = volume.keys() - {"name"}
        if kind not in VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
        if kind == "emptyDir" and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {volume['name']} has no limit"


def it_is_probed(pod: Pod) -> Iterator[str]:
    if pod.spec.get("restartPolicy", "Always") == "Always":
        for container in pod.spec["containers"]:
            yield from (f"{container['name']} has no {probe}" for probe in PROBES if probe not in container)
        if "terminationGracePeriodSeconds" not in pod.spec:
            yield "says nothing about its end"


OF_CONTAINERS: tuple[Callable[[Manifest], str | None], ...] = (
    image_has_a_version,
    resources_are_limited,
    container_is_restricted,
    ports_are_not_the_nodes,
)
OF_PODS: tuple[Callable[[Pod], Iterator[str]], ...] = (pod_is_restricted, volumes_are_bounded, it_is_probed)


def faults(pod: Pod) -> list[str]:
    """Return what is wrong with a pod."""
    found = [fault for rule in OF_PODS for fault in rule(pod)]
    found += [
        f"{container['name']}: {fault}"
        for container in pod.containers
        for rule in OF_CONTAINERS
        if (fault := rule(container))
    ]
    return found
