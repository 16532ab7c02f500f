"""Settings of an analysis worker, read once at process start and passed down."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.port import (
    DEFAULT_MAX_LOG_BYTES,
    DEFAULT_MAX_OUTPUT_BYTES,
    DEFAULT_MAX_OUTPUT_FILES,
)
from analysis_server.runtimes.residents import ResidentLimits
from analysis_server.runtimes.secrets.place import SecretPlace
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.attempt_files import ARTIFACTS_MAX
from satellite.contracts.cluster_needs import ClusterName
from satellite.contracts.numbers import LARGEST_MIB
from satellite.contracts.requires import DEFAULT_QUEUE, Labels, QueueName
from satellite.contracts.worker import WORKER_NAME
from satellite.settings.broker import BrokerSettings
from satellite.settings.group import SettingsGroup
from satellite.settings.observability import LogSettings, TracingSettings

LONGEST_S = 366 * 86_400


class WorkerSettings(SettingsGroup):
    """What a worker is called, what it may use and where it keeps its files."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_WORKER_", extra="ignore", populate_by_name=True)

    name: str = Field(
        default_factory=socket.gethostname,
        pattern=WORKER_NAME,
        description="Unique and stable name of the worker.",
    )
    slots: int = Field(
        default_factory=lambda: max(4, 2 * (os.cpu_count() or 2)),
        ge=1,
        le=1024,
        description="Attempts it holds at the same time, or batches; how many run is decided by resources.",
    )
    batch_seats: int = Field(
        default=64,
        ge=0,
        le=4096,
        description="Attempts it holds besides, each in the slot that a batch of its plugin has already.",
    )
    runtime: Literal["auto", "container", "process", "container,process", "kubernetes"] = Field(
        default="auto",
        description="How plugins are run; `auto` takes containers where an engine answers; with both, "
        "processes are for plugins that require them; `kubernetes` makes a pod of each run.",
    )
    cluster: ClusterName | None = Field(
        default=None,
        description="The cluster that the worker speaks for, whose plugins run there; set by the connector.",
    )
    queues: Annotated[list[QueueName], NoDecode] = Field(
        default=[DEFAULT_QUEUE],
        min_length=1,
        max_length=16,
        description="Queues whose jobs it takes, such as `default,batch`.",
    )
    labels: Annotated[Labels, NoDecode] = Field(
        default_factory=dict,
        description="What jobs may require of it, such as `zone=a,disk=ssd`.",
    )
    oci_runtime: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._/-]{1,200}$",
        description="The engine's runtime for plugins, such as `runsc`; its default where it is not given.",
    )
    plugin_network: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$",
        description="A network of the engine for plugins with `network`; else the worker makes a fenced one.",
    )
    kubernetes_namespace: str = Field(
        default="satellite-plugins",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Namespace of the pods of plugins, in which there is nothing else.",
    )
    kubernetes_entry_image: str = Field(
        default="satellite/analysis-server:0.1.0",
        min_length=1,
        max_length=500,
        description="An image that brings `pod-entry` to the pods of plugins, such as the worker's own.",
    )
    kubernetes_config: Path | None = Field(
        default=None, description="A kubeconfig; without it the worker is itself a pod, and may make others."
    )
    kubernetes_scheduling_timeout_s: float = Field(
        default=300, ge=0, le=86_400, description="Time that a run waits for a node with room for it."
    )
    state_dir: Path = Field(
        default=Path(tempfile.gettempdir()) / "satellite-worker",
        description="Folder for spooled outcomes, environments and run folders.",
    )
    files_dir: Path | None = Field(
        default=None,
        description="Folder for the files of runs, which the container engine finds under the same path; "
        "in `STATE_DIR` unless set.",
    )
    api_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#]+(/[^?#]*)?$",
        description="Address of the API, where files come from; none for jobs without.",
    )
    plugin_dirs: Annotated[list[Path], NoDecode] = Field(
        default_factory=list,
        validation_alias=AliasChoices("SATELLITE_WORKER_PLUGIN_DIR", "plugin_dirs"),
        description="Folders of plugins for the process runtime, with colons between.",
    )
    stack_id: str = Field(
        default="local",
        validation_alias=AliasChoices("SATELLITE_STACK_ID", "stack_id"),
        description="Id of the installation; labels its containers.",
    )
    api_token: SecretStr | None = Field(
        default=None, min_length=32, description="SATELLITE_API_WORKER_TOKEN of the API."
    )
    secrets_dir: Path = Field(
        default=Path("/dev/shm"),  # noqa: S108  # A folder of our own is made in it.
        description="Folder in memory for the files of secrets; the engine of containers has to see it.",
    )
    secrets_dir_of_engine: Path | None = Field(
        default=None, description="The same folder as the engine sees it, where that is elsewhere."
    )
    drain_timeout_s: float = Field(
        default=60, ge=0, le=86_400, description="Time running jobs get at shutdown."
    )
    cpus: float = Field(
        default_factory=lambda: float(os.cpu_count() or 1), ge=0.01, le=4_096, description="CPUs to give."
    )
    memory_mib: int = Field(
        default_factory=lambda: int(psutil.virtual_memory().total * 0.8 / 1024**2),
        ge=64,
        le=LARGEST_MIB,
        description="Memory to give; by default 80 % of the machine's.",
    )
    fake_gpus: str | None = Field(
        default=None,
        pattern=r"^\d{1,2}x\d{3,6}(:[A-Za-z0-9][A-Za-z0-9 ._-]{0,62})?$",
        description="A made-up inventory such as `2x24000` (cards x MiB) or `2x24000:A100` (and their kind), "
        "for machines without a card.",
    )
    servers_max: int = Field(default=8, ge=1, le=1_024, description="Most plugins that stay loaded.")
    servers_memory_mib: int | None = Field(
        default=None, ge=64, le=LARGEST_MIB, description="Most memory that loaded plugins ask for together."
    )
    server_idle_ttl_s: float = Field(
        default=600, ge=0.01, le=LONGEST_S, description="An unused plugin stays loaded so long."
    )
    server_ready_timeout_s: float = Field(
        default=120, ge=0.01, le=86_400, description="Time a plugin has to get ready."
    )
    spares_max: int = Field(
        default=16, ge=0, le=1_024, description="Most containers or processes on standby."
    )
    spare_idle_ttl_s: float = Field(
        default=600,
        ge=0.01,
        le=LONGEST_S,
        description="Spares of a plugin that is not used stand by so long.",
    )
    spares_memory_reserve_mib: int = Field(
        default=512,
        ge=0,
        le=LARGEST_MIB,
        description="No spare is started, and some are dropped, when less is free.",
    )
    max_result_bytes: int = Field(
        default=16 * 2**20,
        ge=1,
        le=2**28,
        description="Largest result; beyond 1 MB it becomes an artifact, where files are stored.",
    )
    max_output_bytes: int = Field(
        default=DEFAULT_MAX_OUTPUT_BYTES,
        ge=1,
        le=2**50,
        description="Most that a job writes to its output folder.",
    )
    max_output_files: int = Field(
        default=DEFAULT_MAX_OUTPUT_FILES,
        ge=1,
        le=ARTIFACTS_MAX,
        description="Most files and folders that a job makes there.",
    )
    max_log_bytes: int = Field(default=DEFAULT_MAX_LOG_BYTES, ge=0, le=2**30, description="Kept of each log.")
    uv: str | None = Field(default=None, description="Path of uv, if it is not beside Python or on the path.")

    @field_validator("queues", mode="before")
    @classmethod
    def _listed(cls, queues: object) -> object:
        return [name.strip() for name in queues.split(",")] if isinstance(queues, str) else queues

    @field_validator("labels", mode="before")
    @classmethod
    def _paired(cls, labels: object) -> object:
        if not isinstance(labels, str):
            return labels
        pairs = [pair.partition("=") for pair in labels.split(",") if pair.strip()]
        return {key.strip(): value.strip() for key, _, value in pairs}

    @field_validator("plugin_dirs", mode="before")
    @classmethod
    def _with_colons(cls, folders: object) -> object:
        if not isinstance(folders, str):
            return folders
        return [folder for folder in folders.split(os.pathsep) if folder]

    @field_validator("plugin_dirs")
    @classmethod
    def _all_from_here(cls, folders: list[Path]) -> list[Path]:
        return [folder.absolute() for folder in folders]

    @field_validator("state_dir", "files_dir", "secrets_dir", "kubernetes_config")
    @classmethod
    def _from_here(cls, folder: Path | None) -> Path | None:
        """Make a folder absolute: plugins are started from a process that Ray has put elsewhere."""
        return folder and folder.absolute()

    @property
    def files_folder(self) -> Path:
        """Return the folder for the files of runs."""
        return self.files_dir or self.state_dir / "files"

    def resident_limits(self) -> ResidentLimits:
        """Return how many plugins stay loaded and how much stands by."""
        return ResidentLimits(
            servers_max=self.servers_max,
            servers_memory_mib=self.servers_memory_mib,
            spares_max=self.spares_max,
        )

    def server_limits(self) -> ServerLimits:
        """Return how patient the worker is with loaded plugins."""
        return ServerLimits(
            idle_ttl_s=self.server_idle_ttl_s,
            ready_timeout_s=self.server_ready_timeout_s,
        )

    def container_options(self) -> ContainerOptions:
        """Return how containers are isolated."""
        return ContainerOptions(oci_runtime=self.oci_runtime, network=self.plugin_network)

    def kubernetes_options(self) -> KubernetesOptions:
        """Return where the pods of plugins are made, and of what."""
        return KubernetesOptions(
            namespace=self.kubernetes_namespace,
            entry_image=self.kubernetes_entry_image,
            kubeconfig=self.kubernetes_config,
            scheduling_timeout_s=self.kubernetes_scheduling_timeout_s,
        )

    def secret_place(self) -> SecretPlace:
        """Return where files of secrets are."""
        return SecretPlace(
            folder=self.secrets_dir, of_engine=self.secrets_dir_of_engine, stack_id=self.stack_id
        )

    def standby_limits(self) -> StandbyLimits:
        """Return how long unused spares stand by, and what memory must stay free."""
        return StandbyLimits(
            idle_ttl_s=self.spare_idle_ttl_s,
            memory_reserve_mib=self.spares_memory_reserve_mib,
        )


class RaySettings(SettingsGroup):
    """Which Ray the executor is on."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_RAY_", extra="ignore")

    address: str | None = Field(
        default=None, description="host:port of the Ray head; without it the worker starts one of its own."
    )
    namespace: str = Field(default="satellite", description="Namespace of the executor actors.")


class AnalysisSettings(BaseModel):
    """All groups; `AnalysisSettings()` reads the environment, tests hand groups in."""

    model_config = ConfigDict(frozen=True)

    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    tracing: TracingSettings = Field(default_factory=TracingSettings)
    variables: WorkerVariables = Field(default_factory=WorkerVariables.read)
    ray: RaySettings = Field(default_factory=RaySettings)
