"""The fixed template of every container: a manifest can relax nothing of it but the network."""

from __future__ import annotations

import time
from typing import Any, Final

from docker import APIClient
from docker.types import DeviceRequest, Ulimit

from analysis_server.runtimes.port import RunRequest
from satellite.contracts.plugin_manifest import PluginManifest

LABEL_STACK: Final = "satellite.stack"
LABEL_WORKER: Final = "satellite.worker"
LABEL_JOB: Final = "satellite.job"
LABEL_ATTEMPT: Final = "satellite.attempt"
LABEL_DEADLINE: Final = "satellite.deadline"
LABEL_OWNER: Final = "satellite.owner"
LABEL_ROLE: Final = "satellite.role"

DEADLINE_GRACE_S: Final = 60
NOBODY: Final = "65534:65534"
TMP_OPTIONS: Final = "size=64m,mode=1777,noexec,nosuid,nodev"
PIDS_LIMIT: Final = 256
OPEN_FILES_LIMIT: Final = 1024
FAKE_GPU_PREFIX: Final = "fake-"
"""Cards of a declared, made-up inventory; they are admitted like real ones but no device is handed over."""


def job_labels(request: RunRequest, *, owner: str) -> dict[str, str]:
    """Return the labels by which a janitor knows whose container this is."""
    deadline = int(time.time() + request.timeout_s) + DEADLINE_GRACE_S
    return {
        LABEL_STACK: request.stack_id,
        LABEL_WORKER: request.worker,
        LABEL_JOB: str(request.job_id),
        LABEL_ATTEMPT: str(request.attempt),
        LABEL_DEADLINE: str(deadline),
        LABEL_OWNER: owner,
        LABEL_ROLE: "job",
    }


def container_config(
    client: APIClient,
    manifest: PluginManifest,
    *,
    labels: dict[str, str],
    environment: dict[str, str],
    gpu_ids: tuple[str, ...] = (),
    arguments: list[str] | None = None,
) -> dict[str, Any]:
    """Return the body of the engine's create call.

    A command of the manifest replaces the image's entrypoint as well, so that exactly it is run.
    """
    config: dict[str, Any] = client.create_container_config(
        manifest.docker_image,
        command=arguments,
        entrypoint=manifest.command,
        stdin_open=True,
        user=NOBODY,
        environment={"HOME": "/tmp", **environment},  # noqa: S108 - the container's own, a tmpfs
        labels=labels,
        network_disabled=not manifest.network,
        host_config=host_config(client, manifest, gpu_ids=gpu_ids),
        healthcheck={"test": ["NONE"]},
    )
    return config


def host_config(client: APIClient, manifest: PluginManifest, *, gpu_ids: tuple[str, ...]) -> dict[str, Any]:
    """Return what the engine enforces: limits, no privileges, nothing of the host."""
    memory = f"{manifest.resources.memory_mib}m"
    real_gpus = [gpu for gpu in gpu_ids if not gpu.startswith(FAKE_GPU_PREFIX)]
    devices = [DeviceRequest(driver="nvidia", device_ids=real_gpus, capabilities=[["gpu"]])]
    config: dict[str, Any] = client.create_host_config(
        network_mode="bridge" if manifest.network else "none",
        read_only=True,
        tmpfs={"/tmp": TMP_OPTIONS},  # noqa: S108 - the container's own
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        pids_limit=PIDS_LIMIT,
        mem_limit=memory,
        memswap_limit=memory,
        nano_cpus=int(manifest.resources.cpus * 1_000_000_000),
        init=True,
        ipc_mode="none",
        log_config={"Type": "none"},
        ulimits=[
            Ulimit(name="nofile", soft=OPEN_FILES_LIMIT, hard=OPEN_FILES_LIMIT),
            Ulimit(name="core", soft=0, hard=0),
        ],
        device_requests=devices if real_gpus else None,
    )
    return config
