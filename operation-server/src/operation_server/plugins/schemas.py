"""Requests and answers about plugins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from operation_server.database.rows import AnyRow
from satellite.contracts.numbers import Id, MaxRunning
from satellite.contracts.plugin_manifest import PluginManifest

EXAMPLE: dict[str, Any] = {
    "name": "example-classifier",
    "version": "1.0.0",
    "description": "Says which class a row of features belongs to.",
    "docker_image": "satellite/example-classifier:1.0.0",
    "input_schema": {
        "type": "object",
        "required": ["features"],
        "properties": {"features": {"type": "array", "items": {"type": "number"}}},
    },
    "output_schema": {"type": "object"},
    "timeout_s": 60,
}


REGISTERED: dict[str, Any] = EXAMPLE | {
    "id": 1,
    "docker_image_url": "satellite/example-classifier:1.0.0",
    "manifest_digest": "9f2c7a51d0e84b6f83a0c5e1724d96bb",
    "created_by": 1,
    "owner_id": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "control": {"is_paused": False, "max_running": None},
    "report": {"passed": True, "findings": 0, "when": "2026-01-02T03:00:00Z"},
}

log = structlog.get_logger(__name__)


class PluginControlRead(BaseModel):
    """What operators decided for a plugin name, across its versions."""

    is_paused: bool = Field(description="No job of it is started.")
    max_running: int | None = Field(description="At most so many of its jobs run at once.")


class PluginTrialRead(BaseModel):
    """What `satellite plugin test` said of a version."""

    passed: bool = Field(description="Nothing was found.")
    findings: int = Field(description="How much was found.")
    when: datetime


class PluginRead(PluginManifest):
    """A registered version: its manifest, and what the server adds."""

    # Read, not checked: a stored manifest of an older release may have other keys.
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra={"examples": [REGISTERED]})

    id: int
    manifest_digest: str = Field(description="SHA-256 of the canonical manifest.")
    created_by: int = Field(description="Who registered this version.")
    owner_id: int = Field(
        description="Whose the name is: who may register and delete versions, beside admins."
    )
    created_at: datetime
    control: PluginControlRead
    report: PluginTrialRead | None = Field(
        default=None,
        description="Of the last test of this content whose report was sent; all of it: `…/report`.",
    )
    unreadable: str | None = Field(
        default=None,
        description="Why this release cannot read the stored manifest, of which nothing is shown.",
    )

    @computed_field(description="The same as `docker_image`.")  # type: ignore[prop-decorator]
    @property
    def docker_image_url(self) -> str:
        """Return the image under the name by which requests may give it too."""
        return self.docker_image

    @classmethod
    def of(cls, row: AnyRow) -> PluginRead:
        """Return the answer for a row of the repository, also for one that cannot be read."""
        added = {
            "name": row.name,
            "version": row.version,
            "id": row.id,
            "manifest_digest": row.digest,
            "created_by": row.created_by,
            "owner_id": row.owner_id,
            "created_at": row.created_at,
            "control": PluginControlRead(is_paused=row.is_paused, max_running=row.max_running),
            "report": _trial(row),
        }
        try:
            return cls.of_stored({**row.manifest, **added})
        except (ValidationError, TypeError) as error:
            reason = str(error)[:500]
            log.warning(
                "a stored manifest cannot be read", plugin=row.name, version=row.version, error=reason
            )
            nothing: dict[str, Any] = {"docker_image": "", "input_schema": {}, "output_schema": {}}
            return cls.model_construct(**added, **nothing, unreadable=reason)


def _trial(row: AnyRow) -> PluginTrialRead | None:
    if row.tested_at is None:
        return None
    return PluginTrialRead(passed=row.passed, findings=row.findings, when=row.tested_at)


class PluginList(BaseModel):
    """A page of plugins."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [REGISTERED]}]})

    total: int
    items: list[PluginRead]


class PluginOwnerChange(BaseModel):
    """To whom a plugin name is handed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"owner_id": 2}]})

    owner_id: Id


class PluginOwnerRead(BaseModel):
    """Whose a plugin name is."""

    name: str = Field(examples=["example-classifier"])
    owner_id: int = Field(examples=[2])


class PluginControlChange(BaseModel):
    """What operators want for a plugin name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"max_running": 4}]})

    max_running: MaxRunning | None = Field(description="At most so many run at once; null: no limit.")
