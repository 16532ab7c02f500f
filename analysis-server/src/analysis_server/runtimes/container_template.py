"""The fixed template of every container: a manifest can relax nothing of it but the network."""

from __future__ import annotations

import time
from typing import Any, Final

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


def owned_labels(request: RunRequest, *, owner: str, role: str) -> dict[str, str]:
    """Return the labels of a container that lives longer than one job, and as long as its worker."""
    return {
        LABEL_STACK: request.stack_id,
        LABEL_WORKER: request.worker,
        LABEL_OWNER: owner,
        LABEL_ROLE: role,
    }


def container_config(
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
    config: dict[str, Any] = {
        "Image": manifest.docker_image,
        "User": NOBODY,
        "Env": [f"{name}={value}" for name, value in {"HOME": "/tmp", **environment}.items()],  # noqa: S108
        "Labels": labels,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        # The plugin sees the end of its input when we half-close, and only then.
        "StdinOnce": True,
        "Tty": False,
        "NetworkDisabled": not manifest.network,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host_config(manifest, gpu_ids=gpu_ids),
    }
    if manifest.command is not None:
        config["Entrypoint"] = manifest.command
    if arguments is not None:
        config["Cmd"] = arguments
    return config


def host_config(manifest: PluginManifest, *, gpu_ids: tuple[str, ...]) -> dict[str, Any]:
    """Return what the engine enforces: limits, no privileges, nothing of the host."""
    memory_bytes = manifest.resources.memory_mib * 1024 * 1024
    real_gpus = [gpu for gpu in gpu_ids if not gpu.startswith(FAKE_GPU_PREFIX)]
    config: dict[str, Any] = {
        "NetworkMode": "bridge" if manifest.network else "none",
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": TMP_OPTIONS},  # noqa: S108 - the container's own
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "PidsLimit": PIDS_LIMIT,
        "Memory": memory_bytes,
        # Equal to the memory: no swap.
        "MemorySwap": memory_bytes,
        "NanoCpus": int(manifest.resources.cpus * 1_000_000_000),
        "Init": True,
        "IpcMode": "none",
        "LogConfig": {"Type": "none"},
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES_LIMIT, "Hard": OPEN_FILES_LIMIT},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
    }
    if real_gpus:
        config["DeviceRequests"] = [
            {"Driver": "nvidia", "DeviceIDs": real_gpus, "Capabilities": [["gpu"]], "Count": 0, "Options": {}}
        ]
    return config
