"""How the servers log, and to whom they tell the traces of jobs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, HttpUrl, field_validator
from pydantic_settings import SettingsConfigDict

from satellite.settings.group import SettingsGroup


class LogSettings(SettingsGroup):
    """Level and form of log lines."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_LOG_", extra="ignore")

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level.")
    json_lines: bool = Field(default=False, description="One JSON object a line instead of text.")


class TracingSettings(SettingsGroup):
    """Where spans go; their names are OpenTelemetry's own where it has one."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    endpoint: HttpUrl | None = Field(
        default=None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Collector that takes OTLP over HTTP, such as `http://collector:4318`; none, no traces.",
    )
    sample_ratio: float = Field(
        default=0.05,
        ge=0,
        le=1,
        validation_alias="SATELLITE_TRACING_SAMPLE_RATIO",
        description="Share of the jobs traced whose submitter sends no `traceparent`, which else decides.",
    )

    @field_validator("endpoint", mode="before")
    @classmethod
    def _none_if_empty(cls, given: Any) -> Any:
        # Compose sets it to nothing where nobody sets it.
        return given or None

    @property
    def traces_url(self) -> str:
        """Return where spans go."""
        return f"{str(self.endpoint).rstrip('/')}/v1/traces"
