"""Settings of the operation server, read once at process start and passed down."""

from __future__ import annotations

import os
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.observability import LogSettings

YEAR_S = 366 * 86_400


class ApiSettings(BaseSettings):
    """Where and how the API listens."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_API_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port to listen on.")
    workers: int = Field(default=1, ge=1, le=64, description="API processes on this machine.")
    max_body_bytes: int = Field(
        default=JSON_BYTES_MAX, ge=1_000, le=JSON_BYTES_MAX, description="Largest request body."
    )
    request_timeout_s: float = Field(
        default=30, ge=0.1, le=3_600, description="Time for the head of a request, and for its body."
    )
    drain_timeout_s: int = Field(
        default=10, ge=0, le=3_600, description="Time open requests get at shutdown."
    )


class AuthSettings(BaseSettings):
    """How tokens are signed and for how long they hold."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_AUTH_", extra="ignore")

    secret_key: SecretStr = Field(min_length=32, description="Signs tokens; the same for all API processes.")
    token_ttl_s: int = Field(default=3600, ge=60, le=YEAR_S, description="How long a token holds.")
    hashes_at_once: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 1) // 2),
        ge=1,
        le=64,
        description="Passwords that one API process hashes at once, 64 MiB each.",
    )
    hashes_waiting: int = Field(
        default=50, ge=0, le=10_000, description="Most logins that wait for that; more are answered 503."
    )
    ws_ticket_ttl_s: int = Field(default=60, ge=5, le=3_600, description="How long a WebSocket ticket holds.")


class AdminSettings(BaseSettings):
    """The first admin, made when there is none."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_ADMIN_", extra="ignore")

    email: str | None = Field(default=None, description="User name of the bootstrap admin.")
    password: SecretStr | None = Field(default=None, description="Password of the bootstrap admin.")


class DispatchSettings(BaseSettings):
    """How jobs go to the broker and how lost ones are found."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_DISPATCH_", extra="ignore")

    poll_s: float = Field(default=1, ge=0.01, le=60, description="Look for due jobs at least this often.")
    spare_slots: int = Field(
        default=4, ge=0, le=10_000, description="Attempts in the broker beyond the slots' share."
    )
    slots_factor: float = Field(
        default=2, ge=0.01, le=100, description="Attempts in the broker per live slot."
    )
    reconcile_s: float = Field(default=5, ge=0.01, le=600, description="Look for lost attempts this often.")
    start_timeout_s: float = Field(
        default=20, ge=0.01, le=3_600, description="A dispatched attempt must start within."
    )
    batch_size: int = Field(
        default=200, ge=1, le=10_000, description="Most jobs dispatched in one transaction."
    )
    lease_grace_s: float = Field(
        default=12, ge=0, le=3_600, description="A start may precede its first lease by."
    )


class MetricsSettings(BaseSettings):
    """Where processes that serve no HTTP answer scrapes."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_METRICS_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65_535, description="Port to listen on; none when 0.")


class OperationSettings(BaseModel):
    """All groups; `OperationSettings()` reads the environment, tests hand groups in."""

    model_config = ConfigDict(frozen=True)

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    # The secret key has no default: reading it from the environment is what may fail here.
    auth: AuthSettings = Field(default_factory=partial(AuthSettings))
    admin: AdminSettings = Field(default_factory=AdminSettings)
    dispatch: DispatchSettings = Field(default_factory=DispatchSettings)
