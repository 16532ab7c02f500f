"""The fixed description of every pod of a plugin: a manifest can relax nothing of it but the network.

It is what the Pod Security Standard `restricted` asks and more. A pod has no field for the number of its
processes, which is the kubelet's to limit (`podPidsLimit`), nor for having no network, which is a matter of
NetworkPolicies (`k8s/components/pods`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from analysis_server.runtimes.kubernetes.entry_input import SECRETS
from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.owner import owner_label
from analysis_server.runtimes.plugin_users import CONTAINER_USERS, USER_NAME
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.cards import real_cards
from satellite.contracts.plugin_manifest import PluginManifest

LABEL_STACK: Final = "satellite.stack"
LABEL_WORKER: Final = "satellite.worker"
LABEL_ROLE: Final = "satellite.role"
LABEL_JOB: Final = "satellite.job"
LABEL_ATTEMPT: Final = "satellite.attempt"
LABEL_UID: Final = "satellite.uid"
LABEL_NETWORK: Final = "satellite.network"
"""By which a NetworkPolicy knows the pods that may have one."""
ANNOTATION_OWNER: Final = "satellite.owner"

CONTAINER: Final = "plugin"
GRACE_S: Final = 1
"""A container that ignores SIGTERM is gone after 3 s; with 0 its object is at once, and it ran on for 2 s."""
DEADLINE_GRACE_S: Final = 60
SPARE_WAIT_S: Final = 1_800
"""A spare that no job has taken by then ends by itself, so that those of dead workers do."""
TMP: Final = "/tmp"  # noqa: S108 - the container's own
SHM: Final = "/dev/shm"  # noqa: S108
ENTRY_FOLDER: Final = "/satellite"
ENTRY: Final = f"{ENTRY_FOLDER}/pod-entry"
ENTRY_IN_IMAGE: Final = "/opt/satellite/bin/pod-entry"
_RESTRICTED: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def job_pod(request: RunRequest, options: KubernetesOptions) -> dict[str, Any]:
    """Return the pod of one attempt; its name says whose it is, so that there is one at most."""
    labels = {
        LABEL_JOB: str(request.job_id),
        LABEL_ATTEMPT: str(request.attempt),
        LABEL_UID: str(request.uid),
    }
    name = f"{request.stack_id.lower()}-{request.job_id}-{request.attempt}-{request.uid.hex[:8]}"
    body = _pod(request, options, name=name, role="job", labels=labels)
    body["spec"]["activeDeadlineSeconds"] = active_deadline_s(request, options)
    return body


def spare_pod(request: RunRequest, options: KubernetesOptions) -> dict[str, Any]:
    """Return a pod that waits for its job."""
    name = f"{request.stack_id.lower()}-standby-{random.SystemRandom().getrandbits(64):016x}"
    return _pod(request, options, name=name, role="standby", labels={})


def active_deadline_s(request: RunRequest, options: KubernetesOptions) -> int:
    """Return after how long the node ends a pod by itself, for the case that no worker is there to."""
    return int(request.timeout_s + options.scheduling_timeout_s) + DEADLINE_GRACE_S


def _pod(
    request: RunRequest, options: KubernetesOptions, *, name: str, role: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    manifest = request.manifest
    user = random.SystemRandom().choice(CONTAINER_USERS)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {
                LABEL_STACK: request.stack_id,
                LABEL_WORKER: request.worker,
                LABEL_ROLE: role,
                LABEL_NETWORK: str(manifest.network).lower(),
                **labels,
            },
            "annotations": {ANNOTATION_OWNER: owner_label()},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": GRACE_S,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": user,
                "runAsGroup": user,
                "fsGroup": user,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [_entry_container(options)],
            "containers": [_plugin_container(manifest, request.gpu_ids)],
            "volumes": _volumes(manifest),
        },
    }


def _entry_container(options: KubernetesOptions) -> dict[str, Any]:
    limits = {"cpu": "1", "memory": "64Mi", "ephemeral-storage": "16Mi"}
    return {
        "name": "entry",
        "image": options.entry_image,
        "command": [ENTRY_IN_IMAGE, "copy", ENTRY],
        "securityContext": dict(_RESTRICTED),
        "resources": {"requests": {**limits, "cpu": "10m"}, "limits": limits},
        "volumeMounts": [{"name": "entry", "mountPath": ENTRY_FOLDER}],
    }


def _plugin_container(manifest: PluginManifest, gpu_ids: tuple[str, ...]) -> dict[str, Any]:
    asked = manifest.resources
    limits = {"cpu": f"{asked.cpus:g}", "memory": f"{asked.memory_mib}Mi", "ephemeral-storage": "64Mi"}
    if cards := real_cards(gpu_ids):
        limits["nvidia.com/gpu"] = str(len(cards))
    variables = {"HOME": TMP, "TMPDIR": TMP, "USER": USER_NAME, **manifest.env}
    return {
        "name": CONTAINER,
        "image": manifest.docker_image,
        "command": [ENTRY, "run", str(SPARE_WAIT_S), *(manifest.command or [])],
        # Whoever hands the input over may be cut off and come again.
        "stdin": True,
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "securityContext": dict(_RESTRICTED),
        "resources": {"requests": limits, "limits": limits},
        "volumeMounts": [
            {"name": "entry", "mountPath": ENTRY_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": TMP},
            {"name": "shm", "mountPath": SHM},
            {"name": "secrets", "mountPath": str(SECRETS)},
        ],
    }


def _volumes(manifest: PluginManifest) -> list[dict[str, Any]]:
    """Return what can be written, all of it memory of the pod."""
    sizes = {"entry": 8, "tmp": manifest.resources.tmp_mib, "shm": manifest.resources.shm_mib, "secrets": 1}
    return [
        {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": f"{mib}Mi"}}
        for name, mib in sizes.items()
    ]
