"""The plugin manifest, `plugin.json`: what a plugin is and what it needs.

An unknown key is an error that names the key. What the operation server checks beyond that when a plugin is
registered (its schemas, the kinds of `retry.kinds`) does not stand here: manifests that an older release
accepted must stay readable.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from satellite.contracts import numbers

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
VERSION_PATTERN = r"^[0-9A-Za-z]([0-9A-Za-z.+_-]{0,62}[0-9A-Za-z])?$"
WRITABLE_MIB = 64
"""Size of `/tmp` and of `/dev/shm` where a manifest does not say it."""
ADDED_LATER = (("resources", "tmp_mib"), ("resources", "shm_mib"))
"""Fields that count for the digest only where they differ from their default, or that of every plugin
registered before they came would be another one."""
ENV_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")

PluginName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
PluginVersion = Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]


class PluginMode(StrEnum):
    """How a plugin is run: a fresh container per job, or one long-lived server."""

    ONESHOT = "oneshot"
    SERVER = "server"


class InputVia(StrEnum):
    """How a oneshot plugin gets its input."""

    STDIN = "stdin"
    ARGUMENT = "argument"


class ManifestPart(BaseModel):
    """A part of the manifest: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Return what was accepted once, its numbers within today's ranges, so that old rows go on working.

        Raises:
            ValidationError: something other than a number is wrong.
        """
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            return cls.model_validate(numbers.within_ranges(stored, error))


class PluginResources(ManifestPart):
    """What one running attempt (oneshot) or the server (server mode) needs."""

    cpus: numbers.Cpus = Field(default=1, description="At most three decimals.")
    gpus: numbers.Gpus = Field(
        default=0, description="At least 0.01, if any; above 1 whole cards only; at most three decimals."
    )
    gpu_memory_mib: numbers.GpuMemoryMib = 0
    memory_mib: numbers.MemoryMib = 512
    tmp_mib: numbers.WritableMib = Field(
        default=WRITABLE_MIB, description="Size of /tmp; what it holds counts as memory."
    )
    shm_mib: numbers.WritableMib = Field(
        default=WRITABLE_MIB, description="Size of /dev/shm; it counts as memory too."
    )

    @field_validator("tmp_mib", "shm_mib")
    @classmethod
    def _within_memory(cls, size_mib: int, info: ValidationInfo) -> int:
        if size_mib > max(info.data.get("memory_mib", size_mib), WRITABLE_MIB):
            raise ValueError(
                f"{info.field_name} counts as memory and is more than memory_mib; raise that as well"
            )
        return size_mib


class RetryPolicy(ManifestPart):
    """When a failed attempt is tried again. `input`, `output` and `resources` errors never are."""

    max_retries: numbers.MaxRetries = 3
    delay_s: numbers.RetryDelayS = Field(default=1, description="Before the first retry.")
    factor: numbers.RetryFactor = Field(default=2, description="Each further delay is this much longer.")
    max_delay_s: numbers.RetryDelayS = 300
    kinds: list[str] | None = Field(
        default=None,
        description="Error kinds worth a retry; by default all but `input`, `output`, `resources`, `image`.",
    )


class BatchPolicy(ManifestPart):
    """How jobs of a server plugin are gathered into one call."""

    max_size: numbers.BatchSize
    max_wait_ms: numbers.BatchWaitMs = 5
    # Left out while it is false, so that manifests without it keep their digests.
    across_owners: bool = Field(
        default=False,
        exclude_if=lambda allowed: not allowed,
        description="One call may hold jobs of several users; only an admin may register such a plugin.",
    )


class PluginManifest(ManifestPart):
    """An immutable definition: the same name and version always mean the same content."""

    name: PluginName
    version: PluginVersion
    description: str = Field(default="", max_length=2_000)
    docker_image: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\s]+$",
        validation_alias=AliasChoices("docker_image", "docker_image_url"),
    )
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    command: list[str] | None = Field(default=None, min_length=1)
    mode: PluginMode = PluginMode.ONESHOT
    input_via: InputVia = InputVia.STDIN
    resources: PluginResources = PluginResources()
    timeout_s: numbers.TimeoutS = 300
    queue_ttl_s: numbers.QueueTtlS | None = Field(default=None, description="Longest wait in the queue.")
    max_running: numbers.MaxRunning | None = Field(
        default=None, description="At most so many jobs run at once."
    )
    retry: RetryPolicy = RetryPolicy()
    standby: numbers.Spares = 0
    batch: BatchPolicy | None = None
    network: bool = False
    env: dict[str, str] = Field(default_factory=dict)
    secrets: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.batch is not None and self.mode is not PluginMode.SERVER:
            raise ValueError("batch needs mode 'server'")
        if self.standby and self.mode is not PluginMode.ONESHOT:
            raise ValueError("standby needs mode 'oneshot'")
        bad = [name for name in [*self.env, *self.secrets] if not ENV_NAME.match(name)]
        if bad:
            raise ValueError(f"not a name of an environment variable: {bad[0]!r}")
        return self

    @property
    def needs_admin(self) -> bool:
        """Tell whether the manifest relaxes what keeps users apart, which only an admin may do."""
        across_owners = self.batch is not None and self.batch.across_owners
        return self.network or bool(self.secrets) or across_owners

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON; equal manifests have equal digests."""
        content = self.model_dump(mode="json")
        for part, name in ADDED_LATER:
            if name not in getattr(self, part).model_dump(exclude_defaults=True):
                del content[part][name]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
