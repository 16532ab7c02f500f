"""The plugin manifest, `plugin.json`: what a plugin is and what it needs.

An unknown key is an error that names the key. What the operation server checks beyond that when a plugin is
registered (its schemas, the kinds of `retry.kinds`) does not stand here: manifests that an older release
accepted must stay readable.
"""

from __future__ import annotations

import hashlib
import json
import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, model_validator

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
VERSION_PATTERN = r"^[0-9A-Za-z]([0-9A-Za-z.+_-]{0,62}[0-9A-Za-z])?$"
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


class PluginResources(ManifestPart):
    """What one running attempt (oneshot) or the server (server mode) needs."""

    cpus: float = Field(default=1, gt=0, le=256)
    gpus: float = Field(default=0, ge=0, le=64, description="Above 1: whole cards only.")
    gpu_memory_mib: int = Field(default=0, ge=0)
    memory_mib: int = Field(default=512, ge=16)

    @model_validator(mode="after")
    def _whole_cards_above_one(self) -> Self:
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise ValueError("gpus above 1 must be a whole number of cards")
        return self


class RetryPolicy(ManifestPart):
    """When a failed attempt is tried again. `input` and `output` errors never are."""

    max_retries: int = Field(default=3, ge=0, le=100)
    delay_s: float = Field(default=1, ge=0, le=86_400, description="Before the first retry.")
    factor: float = Field(default=2, ge=1, le=10, description="Each further delay is this much longer.")
    max_delay_s: float = Field(default=300, ge=0, le=86_400)
    kinds: list[str] | None = Field(
        default=None, description="Error kinds worth a retry; by default all but `input` and `output`."
    )


class BatchPolicy(ManifestPart):
    """How jobs of a server plugin are gathered into one call."""

    max_size: int = Field(ge=1, le=4096)
    max_wait_ms: float = Field(default=5, ge=0, le=60_000)


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
    timeout_s: float = Field(default=300, gt=0, le=604_800)
    queue_ttl_s: float | None = Field(default=None, gt=0, description="Longest wait in the queue.")
    max_running: int | None = Field(default=None, ge=1, description="At most so many jobs run at once.")
    retry: RetryPolicy = RetryPolicy()
    standby: int = Field(default=0, ge=0, le=64)
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
        """Tell whether the manifest relaxes the container template, which only an admin may do."""
        return self.network or bool(self.secrets)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON; equal manifests have equal digests."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
