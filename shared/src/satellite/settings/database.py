"""Where PostgreSQL is."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from satellite.settings.group import SettingsGroup


class DatabaseSettings(SettingsGroup):
    """Address and pool of the database; only the operation server uses it."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_DATABASE_", extra="ignore")

    url: SecretStr = Field(
        default=SecretStr("postgresql+psycopg://satellite@127.0.0.1:5432/satellite"),
        description="SQLAlchemy URL with the psycopg driver.",
    )
    migration_url: SecretStr | None = Field(
        default=None,
        description="URL of the role that owns the tables, for `migrate` alone; as above unless set.",
    )
    pool_size: int = Field(
        default=8,
        ge=1,
        le=1_000,
        description="Connections kept open by each pool; the API has two, other processes one.",
    )
    max_overflow: int = Field(
        default=4, ge=0, le=1_000, description="Connections opened beyond that under load."
    )
    statement_timeout_s: float = Field(default=30, ge=0.01, le=3_600, description="Longest statement.")

    @property
    def owner_url(self) -> str:
        """Return the URL of the role that owns the tables."""
        return (self.migration_url or self.url).get_secret_value()
