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
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from satellite.contracts import numbers
from satellite.contracts.model_version import ModelName
from satellite.contracts.requires import ANYWHERE, Requires

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


class SecretVia(StrEnum):
    """How a plugin is given a stored secret."""

    FILE = "file"
    """A file of its name in the folder that `SATELLITE_SECRETS_DIR` names, which is in memory."""
    ENVIRONMENT = "environment"
    """A variable of its name, which whoever may inspect containers sees."""


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
    # Left out while it says nothing, so that manifests without it keep their digests.
    output_mib: numbers.WritableMib | None = Field(
        default=None,
        exclude_if=lambda size_mib: size_mib is None,
        description="Most that it writes to $SATELLITE_OUTPUT_DIR; by default what its worker allows.",
    )

    @field_validator("tmp_mib", "shm_mib")
    @classmethod
    def _within_memory(cls, size_mib: int, info: ValidationInfo) -> int:
        if size_mib > max(info.data.get("memory_mib", size_mib), WRITABLE_MIB):
            raise ValueError(
                f"{info.field_name} counts as memory and is more than memory_mib; raise that as well"
            )
        return size_mib


class SecretWish(ManifestPart):
    """A stored secret that the plugin needs: of the job's owner, else of all, granted to the plugin."""

    name: Annotated[str, StringConstraints(pattern=ENV_NAME.pattern, max_length=100)]
    via: SecretVia = SecretVia.FILE


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
    across_owners: StrictBool = Field(
        default=False,
        exclude_if=lambda allowed: not allowed,
        description="One call may hold jobs of several users; only an admin may register such a plugin.",
    )


class Trained(ManifestPart):
    """The model of which each job of the plugin makes a version."""

    model: ModelName
    plugin: PluginName = Field(default="onnx-model", description="The server plugin that loads what is made.")


def _trained(stated: Any) -> Any:
    # A name alone and an object that holds nothing else are one manifest, and have one digest.
    return {"model": stated} if isinstance(stated, str) else stated


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
    # Left out while it says nothing, so that manifests without it keep their digests.
    requires: Requires = Field(
        default=ANYWHERE,
        exclude_if=lambda requires: requires == ANYWHERE,
        description="What the worker must be, beside having the resources; a job may narrow it.",
    )
    timeout_s: numbers.TimeoutS = 300
    queue_ttl_s: numbers.QueueTtlS | None = Field(default=None, description="Longest wait in the queue.")
    max_running: numbers.MaxRunning | None = Field(
        default=None, description="At most so many jobs run at once."
    )
    retry: RetryPolicy = RetryPolicy()
    standby: numbers.Spares = 0
    batch: BatchPolicy | None = None
    # Left out while it is 1, so that manifests without it keep their digests.
    replicas: numbers.Replicas = Field(
        default=1,
        exclude_if=lambda count: count == 1,
        description="A server is started so many times on a worker, each on cards of its own.",
    )
    # Left out while it is false, so that manifests without it keep their digests.
    shared: StrictBool = Field(
        default=False,
        exclude_if=lambda allowed: not allowed,
        description="One server works for all users; else each has their own. Only an admin may.",
    )
    # Left out while it says nothing, so that manifests without it keep their digests.
    trains: Annotated[
        Trained | None, BeforeValidator(_trained, json_schema_input_type=Trained | ModelName | None)
    ] = Field(
        default=None,
        exclude_if=lambda trained: trained is None,
        description="Each job makes a version of this model of what it writes to $SATELLITE_OUTPUT_DIR.",
    )
    network: StrictBool = False
    env: dict[str, str] = Field(default_factory=dict)
    secrets: list[str | SecretWish] = Field(
        default_factory=list,
        max_length=100,
        description="Stored secrets, as objects; names alone are variables of the worker, for admins only.",
    )

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.batch is not None and self.mode is not PluginMode.SERVER:
            raise ValueError("batch needs mode 'server'")
        if self.replicas > 1 and self.mode is not PluginMode.SERVER:
            raise ValueError("replicas needs mode 'server'")
        if self.replicas > 1 and not self.resources.gpus:
            raise ValueError("replicas needs resources.gpus: each has cards of its own")
        if self.shared and self.mode is not PluginMode.SERVER:
            raise ValueError("shared needs mode 'server'")
        if self.standby and self.mode is not PluginMode.ONESHOT:
            raise ValueError("standby needs mode 'oneshot'")
        if self.trains is not None and self.mode is not PluginMode.ONESHOT:
            raise ValueError("trains needs mode 'oneshot'")
        if self.requires.gpu_kind and not self.resources.gpus:
            raise ValueError("requires.gpu_kind needs resources.gpus")
        bad = [name for name in [*self.env, *self.worker_secrets] if not ENV_NAME.match(name)]
        if bad:
            raise ValueError(f"not a name of an environment variable: {bad[0]!r}")
        self._check_stored_secrets()
        return self

    def _check_stored_secrets(self) -> None:
        names = [wish.name for wish in self.stored_secrets]
        taken = [name for name in names if names.count(name) > 1 or name in {*self.env, *self.worker_secrets}]
        if taken:
            raise ValueError(f"secrets: {taken[0]} is named twice, here or in env")
        if self.standby and any(wish.via is SecretVia.ENVIRONMENT for wish in self.stored_secrets):
            # What is started ahead of need does not know yet whose job it gets.
            raise ValueError("standby needs stored secrets via 'file'")

    @property
    def worker_secrets(self) -> list[str]:
        """Return the names of what each worker has in its environment, the same for all users."""
        return [secret for secret in self.secrets if isinstance(secret, str)]

    @property
    def stored_secrets(self) -> list[SecretWish]:
        """Return what users have stored."""
        return [secret for secret in self.secrets if isinstance(secret, SecretWish)]

    @property
    def needs_admin(self) -> bool:
        """Tell whether the manifest relaxes what keeps users apart, which only an admin may do."""
        # A process is limited but kept from little that its worker may read.
        unisolated = self.requires.runtime == "process"
        return self.network or bool(self.worker_secrets) or self.serves_all or unisolated

    @property
    def serves_all(self) -> bool:
        """Tell whether one server may work for several users, who must trust it with what it keeps."""
        return self.shared or (self.batch is not None and self.batch.across_owners)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON; equal manifests have equal digests."""
        content = self.model_dump(mode="json")
        for part, name in ADDED_LATER:
            if name not in getattr(self, part).model_dump(exclude_defaults=True):
                del content[part][name]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
