"""How the servers log."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LogSettings(BaseSettings):
    """Level and form of log lines."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_LOG_", extra="ignore")

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level.")
    json_lines: bool = Field(default=False, description="One JSON object a line instead of text.")
