"""The fixed template of every container: a manifest can relax nothing of it but the network.

What an image's configuration could open is answered here part by part, see
`docs/decisions/0019-what-a-plugin-brings-stays-inside.md`.
"""

from __future__ import annotations

import time
from typing import Any, Final

from analysis_server.runtimes.container.image import PluginImage
from analysis_server.runtimes.port import RunRequest
from satellite.contracts.plugin_manifest import PluginManifest, PluginResources

LABEL_STACK: Final = "satellite.stack"
LABEL_WORKER: Final = "satellite.worker"
LABEL_JOB: Final = "satellite.job"
LABEL_ATTEMPT: Final = "satellite.attempt"
LABEL_DEADLINE: Final = "satellite.deadline"
LABEL_OWNER: Final = "satellite.owner"
LABEL_ROLE: Final = "satellite.role"

DEADLINE_GRACE_S: Final = 60
NOBODY: Final = "65534:65534"
TMP: Final = "/tmp"  # noqa: S108 - the container's own
SHM: Final = "/dev/shm"  # noqa: S108
# The owner counts where the image has a directory of that name, whose mode the mount takes over.
MOUNT_OPTIONS: Final = "size={size_mib}m,mode=1777,uid=65534,gid=65534,noexec,nosuid,nodev"
UNREADABLE_HOME: Final = "/root"
PIDS_LIMIT: Final = 256
OPEN_FILES_LIMIT: Final = 1024
FAKE_GPU_PREFIX: Final = "fake-"
"""Cards of a declared, made-up inventory; they are admitted like real ones but no device is handed over."""


def job_labels(request: RunRequest, *, owner: str) -> dict[str, str]:
    """Return the labels by which a janitor knows whose container this is."""
    deadline = int(time.time() + request.timeout_s) + DEADLINE_GRACE_S
    return {
        **owned_labels(request, owner=owner, role="job"),
        LABEL_JOB: str(request.job_id),
        LABEL_ATTEMPT: str(request.attempt),
        LABEL_DEADLINE: str(deadline),
    }


def owned_labels(request: RunRequest, *, owner: str, role: str) -> dict[str, str]:
    """Return the labels of a container that lives longer than one job, and as long as its worker.

    Every label is set, because one that is not would be taken from the image.
    """
    return {
        LABEL_STACK: request.stack_id,
        LABEL_WORKER: request.worker,
        LABEL_JOB: "",
        LABEL_ATTEMPT: "",
        LABEL_DEADLINE: "",
        LABEL_OWNER: owner,
        LABEL_ROLE: role,
    }


def container_config(
    manifest: PluginManifest,
    *,
    image: PluginImage,
    labels: dict[str, str],
    environment: dict[str, str],
    gpu_ids: tuple[str, ...] = (),
    arguments: list[str] | None = None,
) -> dict[str, Any]:
    """Return the body of the engine's create call.

    A command of the manifest replaces the image's entrypoint as well, so that exactly it is run.
    """
    real_gpus = [gpu for gpu in gpu_ids if not gpu.startswith(FAKE_GPU_PREFIX)]
    variables = {**_places(image), **environment, **_cards(real_gpus)}
    config: dict[str, Any] = {
        "Image": image.id,
        "User": NOBODY,
        "Env": [f"{name}={value}" for name, value in variables.items()],
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
        "HostConfig": host_config(manifest, image=image, gpu_ids=real_gpus),
    }
    if manifest.command is not None:
        config["Entrypoint"] = manifest.command
    if arguments is not None:
        config["Cmd"] = arguments
    return config


def host_config(manifest: PluginManifest, *, image: PluginImage, gpu_ids: list[str]) -> dict[str, Any]:
    """Return what the engine enforces: limits, no privileges, nothing of the host."""
    memory_bytes = manifest.resources.memory_mib * 1024 * 1024
    config: dict[str, Any] = {
        "NetworkMode": "bridge" if manifest.network else "none",
        "ReadonlyRootfs": True,
        "Tmpfs": _mounts(image, manifest.resources),
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "PidsLimit": PIDS_LIMIT,
        "Memory": memory_bytes,
        # Equal to the memory: no swap.
        "MemorySwap": memory_bytes,
        "NanoCpus": int(manifest.resources.cpus * 1_000_000_000),
        "Init": True,
        # An own namespace for IPC; its /dev/shm is one of the mounts.
        "IpcMode": "none",
        "LogConfig": {"Type": "none"},
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES_LIMIT, "Hard": OPEN_FILES_LIMIT},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
    }
    if gpu_ids:
        config["DeviceRequests"] = [
            {"Driver": "nvidia", "DeviceIDs": gpu_ids, "Capabilities": [["gpu"]], "Count": 0, "Options": {}}
        ]
    return config


def _mounts(image: PluginImage, resources: PluginResources) -> dict[str, str]:
    """Return what can be written, all of it memory: a volume of the image would be the host's disk."""
    tmp = MOUNT_OPTIONS.format(size_mib=resources.tmp_mib)
    shm = MOUNT_OPTIONS.format(size_mib=resources.shm_mib)
    return {**dict.fromkeys(image.volumes, tmp), TMP: tmp, SHM: shm}


def _places(image: PluginImage) -> dict[str, str]:
    """Return HOME and TMPDIR where the image does not say itself where they are."""
    places = {"HOME": TMP, "TMPDIR": TMP}
    return {
        name: path
        for name, path in places.items()
        if image.variables.get(name, UNREADABLE_HOME) == UNREADABLE_HOME
    }


def _cards(gpu_ids: list[str]) -> dict[str, str]:
    """Return the variable that NVIDIA's runtime obeys, and that images set to `all`."""
    return {"NVIDIA_VISIBLE_DEVICES": ",".join(gpu_ids) or "void"}
