"""The fixed template of every container: a manifest can relax nothing of it but the network.

Of the machine's files it shows none but a folder in memory with the secrets of this one container.

What an image's configuration could open is answered here part by part, see
`docs/decisions/0019-what-a-plugin-brings-stays-inside.md`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analysis_server.runtimes.container.folder import ContainerFolder
from analysis_server.runtimes.container.image import PluginImage
from analysis_server.runtimes.container.kept_output import NOT_KEPT
from analysis_server.runtimes.plugin_users import USER_NAME
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.cards import real_cards
from analysis_server.runtimes.run.limits import OPEN_FILES_LIMIT
from analysis_server.runtimes.run.model_files import MODEL_VARIABLE
from analysis_server.runtimes.secrets.giving import FOLDER_VARIABLE
from satellite.contracts.plugin_manifest import PluginManifest, PluginResources

LABEL_STACK: Final = "satellite.stack"
LABEL_WORKER: Final = "satellite.worker"
LABEL_JOB: Final = "satellite.job"
LABEL_ATTEMPT: Final = "satellite.attempt"
LABEL_UID: Final = "satellite.uid"
LABEL_DEADLINE: Final = "satellite.deadline"
LABEL_OWNER: Final = "satellite.owner"
LABEL_ROLE: Final = "satellite.role"
LABEL_FOLDER: Final = "satellite.folder"

DEADLINE_GRACE_S: Final = 60
TMP: Final = "/tmp"  # noqa: S108 - the container's own
SHM: Final = "/dev/shm"  # noqa: S108
SECRETS: Final = "/run/secrets"
MODEL_HOME: Final = "/satellite/model"
NO_NETWORK: Final = "none"
A_NETWORK: Final = "bridge"
"""Which one is known where the container is created."""
INODES_MAX: Final = 16_384
"""In each place that can be written: 250,000 empty files used up the memory of a plugin (2026-11-25)."""
MOUNT_OPTIONS: Final = f"size={{size_mib}}m,nr_inodes={INODES_MAX},mode=1777,noexec,nosuid,nodev"
MASKED_PATHS: Final = (
    # Docker's own list.
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
    "/sys/devices/virtual/powercap", "/sys/firmware",
    # What tells of the machine and its kernel, and no plugin needs.
    "/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/iomem", "/proc/ioports", "/proc/kallsyms",
    "/proc/modules", "/proc/pagetypeinfo", "/proc/slabinfo", "/proc/softirqs", "/proc/vmallocinfo",
)  # fmt: skip
READONLY_PATHS: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
UNREADABLE_HOME: Final = "/root"
PIDS_LIMIT: Final = 256


def job_labels(request: RunRequest, *, owner: str) -> dict[str, str]:
    """Return the labels by which a janitor knows whose container this is."""
    deadline = int(time.time() + request.timeout_s) + DEADLINE_GRACE_S
    return {
        **owned_labels(request, owner=owner, role="job"),
        LABEL_JOB: str(request.job_id),
        LABEL_ATTEMPT: str(request.attempt),
        LABEL_UID: str(request.uid),
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
        LABEL_UID: "",
        LABEL_DEADLINE: "",
        LABEL_OWNER: owner,
        LABEL_ROLE: role,
        LABEL_FOLDER: "",
    }


def container_config(
    manifest: PluginManifest,
    *,
    image: PluginImage,
    labels: dict[str, str],
    environment: dict[str, str],
    gpu_ids: tuple[str, ...] = (),
    arguments: list[str] | None = None,
    secrets: Path | None = None,
    log_config: Mapping[str, Any] = NOT_KEPT,
) -> dict[str, Any]:
    """Return the body of the engine's create call, without the user, see `with_user`.

    `log_config` says what the engine keeps of the output, `secrets` which of its folders has files for it.

    A command of the manifest replaces the image's entrypoint as well, so that exactly it is run.
    """
    real_gpus = real_cards(gpu_ids)
    variables = {**_places(image), **environment, **_cards(real_gpus)}
    if secrets is not None:
        variables[FOLDER_VARIABLE] = SECRETS
    config: dict[str, Any] = {
        "Image": image.id,
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
        "HostConfig": {
            **host_config(manifest, image=image, gpu_ids=real_gpus),
            "Mounts": [] if secrets is None else [_read_only(secrets, SECRETS)],
            "LogConfig": dict(log_config),
        },
    }
    if manifest.command is not None:
        config["Entrypoint"] = manifest.command
    if arguments is not None:
        config["Cmd"] = arguments
    return config


def with_folder(config: dict[str, Any], folder: ContainerFolder, *, file_bytes_max: int) -> dict[str, Any]:
    """Return the body of the create call for a container that shares a folder with its worker."""
    limit = {"Name": "fsize", "Soft": file_bytes_max, "Hard": file_bytes_max}
    host = {
        **config["HostConfig"],
        "Mounts": [*config["HostConfig"]["Mounts"], *folder.mounts()],
        "Ulimits": [*config["HostConfig"]["Ulimits"], limit],
    }
    labels = {**config["Labels"], LABEL_FOLDER: str(folder.path)}
    variables = [*config["Env"], *(f"{name}={place}" for name, place in folder.variables().items())]
    return {**config, "Env": variables, "Labels": labels, "HostConfig": host}


def with_model(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the body of the create call for a container that loads the version of a model in a folder."""
    host = {
        **config["HostConfig"],
        "Mounts": [*config["HostConfig"]["Mounts"], _read_only(folder, MODEL_HOME)],
    }
    return {**config, "Env": [*config["Env"], f"{MODEL_VARIABLE}={MODEL_HOME}"], "HostConfig": host}


def with_user(config: dict[str, Any], user: int) -> dict[str, Any]:
    """Return the body of the create call for a user and a group with this id."""
    host = dict(config["HostConfig"])
    # The owner counts where the image has a directory of that name, whose mode the mount takes over.
    host["Tmpfs"] = {place: f"{how},uid={user},gid={user}" for place, how in host["Tmpfs"].items()}
    # The group is named: for a user alone the engine would add the groups that the image's files list.
    return {**config, "User": f"{user}:{user}", "HostConfig": host}


def host_config(manifest: PluginManifest, *, image: PluginImage, gpu_ids: list[str]) -> dict[str, Any]:
    """Return what the engine enforces: limits, no privileges, nothing of the host."""
    memory_bytes = manifest.resources.memory_mib * 1024 * 1024
    config: dict[str, Any] = {
        "NetworkMode": A_NETWORK if manifest.network else NO_NETWORK,
        "ReadonlyRootfs": True,
        "Tmpfs": _mounts(image, manifest.resources),
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "MaskedPaths": list(MASKED_PATHS),
        "ReadonlyPaths": list(READONLY_PATHS),
        "PidsLimit": PIDS_LIMIT,
        "Memory": memory_bytes,
        # Equal to the memory: no swap.
        "MemorySwap": memory_bytes,
        "NanoCpus": int(manifest.resources.cpus * 1_000_000_000),
        "Init": True,
        # An own namespace for IPC; its /dev/shm is one of the mounts.
        "IpcMode": "none",
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


def _read_only(source: Path, target: str) -> dict[str, Any]:
    # As a mount, not a bind: of a folder that is not there the engine would make one.
    return {
        "Type": "bind",
        "Source": str(source),
        "Target": target,
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rprivate"},
    }


def _mounts(image: PluginImage, resources: PluginResources) -> dict[str, str]:
    """Return what can be written, all of it memory: a volume of the image would be the host's disk."""
    tmp = MOUNT_OPTIONS.format(size_mib=resources.tmp_mib)
    shm = MOUNT_OPTIONS.format(size_mib=resources.shm_mib)
    return {**dict.fromkeys(image.volumes, tmp), TMP: tmp, SHM: shm}


def _places(image: PluginImage) -> dict[str, str]:
    """Return HOME and TMPDIR, and a name of the user, where the image does not say them itself."""
    places = {"HOME": TMP, "TMPDIR": TMP, "USER": USER_NAME}
    return {
        name: path
        for name, path in places.items()
        if image.variables.get(name, UNREADABLE_HOME) == UNREADABLE_HOME
    }


def _cards(gpu_ids: list[str]) -> dict[str, str]:
    """Return the variable that NVIDIA's runtime obeys, and that images set to `all`."""
    return {"NVIDIA_VISIBLE_DEVICES": ",".join(gpu_ids) or "void"}
