"""Settings of an analysis worker, read once at process start and passed down."""

from __future__ import annotations

import os
import socket
import tempfile
from functools import partial
from pathlib import Path
from typing import Literal

import psutil
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from analysis_server.runtimes.port import DEFAULT_MAX_LOG_BYTES
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.shelf import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.contracts.numbers import LARGEST_MIB
from satellite.settings.broker import BrokerSettings
from satellite.settings.observability import LogSettings

LONGEST_S = 366 * 86_400


class WorkerSettings(BaseSettings):
    """What a worker is called, what it may use and where it keeps its files."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_WORKER_", extra="ignore", populate_by_name=True)

    name: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
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
    runtime: Literal["auto", "container", "process"] = Field(
        default="auto", description="How plugins are run; `auto` takes containers where an engine answers."
    )
    state_dir: Path = Field(
        default=Path(tempfile.gettempdir()) / "satellite-worker",
        description="Folder for spooled outcomes, environments and run folders.",
    )
    plugin_dir: Path | None = Field(default=None, description="Sources of plugins for the process runtime.")
    stack_id: str = Field(
        default="local",
        validation_alias=AliasChoices("SATELLITE_STACK_ID", "stack_id"),
        description="Id of the installation; labels its containers.",
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
        pattern=r"^\d{1,2}x\d{3,6}$",
        description="A made-up inventory such as `2x24000` (cards x MiB), for machines without a card.",
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
        default=JSON_BYTES_MAX, ge=1, le=JSON_BYTES_MAX, description="Largest result."
    )
    max_log_bytes: int = Field(default=DEFAULT_MAX_LOG_BYTES, ge=0, le=2**30, description="Kept of each log.")
    uv: str | None = Field(default=None, description="Path of uv, if it is not beside Python or on the path.")

    @field_validator("state_dir", "plugin_dir")
    @classmethod
    def _from_here(cls, folder: Path | None) -> Path | None:
        """Make a folder absolute: plugins are started from a process that Ray has put elsewhere."""
        return folder and folder.absolute()

    def server_limits(self) -> ServerLimits:
        """Return the limits of loaded plugins."""
        return ServerLimits(
            servers_max=self.servers_max,
            memory_mib=self.servers_memory_mib,
            idle_ttl_s=self.server_idle_ttl_s,
            ready_timeout_s=self.server_ready_timeout_s,
        )

    def standby_limits(self) -> StandbyLimits:
        """Return the limits of what stands by."""
        return StandbyLimits(
            spares_max=self.spares_max,
            idle_ttl_s=self.spare_idle_ttl_s,
            memory_reserve_mib=self.spares_memory_reserve_mib,
        )


class RaySettings(BaseSettings):
    """Where the local Ray runtime is."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_RAY_", extra="ignore")

    address: str = Field(description="host:port of the Ray head; nothing is guessed.")
    namespace: str = Field(default="satellite", description="Namespace of the executor actors.")


class AnalysisSettings(BaseModel):
    """All groups; `AnalysisSettings()` reads the environment, tests hand groups in."""

    model_config = ConfigDict(frozen=True)

    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    variables: WorkerVariables = Field(default_factory=WorkerVariables.read)
    # The address has no default: reading it from the environment is what may fail here.
    ray: RaySettings = Field(default_factory=partial(RaySettings))
