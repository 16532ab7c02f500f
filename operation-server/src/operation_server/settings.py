"""Settings of the operation server, read once at process start and passed down."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyNetwork, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.group import SettingsGroup
from satellite.settings.observability import LogSettings, TracingSettings

DAY_S = 86_400
YEAR_S = 366 * DAY_S


class DagStyle(StrEnum):
    """How a workflow becomes a DAG of Airflow."""

    MIRROR = "mirror"
    """Airflow triggers and shows the runs of Satellite."""
    NATIVE = "native"
    """Airflow runs the snippets itself."""


class SmtpSecurity(StrEnum):
    """How a mail server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


# Compose cannot leave a variable out, only leave it empty.
Given = BeforeValidator(lambda given: given or None)


def separated(text: str) -> list[str]:
    """Return what stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


class ApiSettings(SettingsGroup):
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
    worker_token: SecretStr | None = Field(
        default=None, min_length=32, description="Signs what workers ask of the API; the same for all."
    )
    flower_url: Annotated[str | None, Given] = Field(
        default=None,
        pattern=r"^(/|https?://)\S*$",
        description="Where browsers find Flower, to which the console links.",
    )


class AuthSettings(SettingsGroup):
    """How tokens are signed and for how long they hold."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_AUTH_", extra="ignore")

    secret_key: SecretStr = Field(min_length=32, description="Signs tokens; the same for all API processes.")
    previous_secret_keys: Annotated[list[SecretStr], NoDecode] = Field(
        default=[],
        max_length=10,
        description="Secrets whose tokens are still taken, separated by commas, while the key is exchanged.",
    )
    token_ttl_s: int = Field(default=3600, ge=60, le=YEAR_S, description="How long a token holds.")
    hashes_at_once: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 1) // 2),
        ge=1,
        le=64,
        description="Passwords that one API process hashes at once, 19 MiB each.",
    )
    hashes_waiting: int = Field(
        default=50, ge=0, le=10_000, description="Most logins that wait for that; more are answered 503."
    )
    refresh_ttl_s: int = Field(
        default=30 * DAY_S, ge=60, le=YEAR_S, description="How long a login lasts, however often refreshed."
    )
    refresh_grace_s: float = Field(
        default=10,
        ge=0,
        le=600,
        description="A refresh token used again within this is a client that asks twice; later, a thief.",
    )
    open_sign_up: bool = Field(default=False, description="Strangers may open accounts for themselves.")
    cookie_secure: bool = Field(
        default=True,
        description="Browsers send the login over HTTPS only, and to localhost; false only without TLS.",
    )
    ws_ticket_ttl_s: int = Field(default=60, ge=5, le=3_600, description="How long a WebSocket ticket holds.")

    @field_validator("previous_secret_keys", mode="before")
    @classmethod
    def _separate(cls, given: Any) -> Any:
        return [part for part in given.split(",") if part] if isinstance(given, str) else given


class AdminSettings(SettingsGroup):
    """The first admin, made when there is none."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_ADMIN_", extra="ignore")

    email: str | None = Field(default=None, description="User name of the bootstrap admin.")
    password: SecretStr | None = Field(default=None, description="Password of the bootstrap admin.")


class DispatchSettings(SettingsGroup):
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
    losses_max: int = Field(
        default=10, ge=1, le=1_000, description="A job whose workers died so often fails as `lost`."
    )
    alone_after_losses: int = Field(
        default=3, ge=1, le=1_000, description="A job whose workers died so often runs alone on its worker."
    )
    adoption_timeout_s: float = Field(
        default=60, ge=0, le=600, description="A worker has so long to go on with what another left running."
    )
    adoptions_max: int = Field(
        default=5, ge=0, le=100, description="So often an attempt goes on elsewhere before it is lost."
    )


class AuditSettings(SettingsGroup):
    """How long the audit trail is kept."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_AUDIT_", extra="ignore")

    kept_months: int = Field(
        default=24, ge=1, le=1_200, description="Whole months kept before the present one; older are dropped."
    )


class LimitSettings(SettingsGroup):
    """How much everybody may ask for; an admin may allow single users more or less.

    The defaults are several times what a machine of 2026 does, and stop only what is out of hand.
    """

    model_config = SettingsConfigDict(env_prefix="SATELLITE_LIMIT_", extra="ignore")

    requests_per_minute: int = Field(
        default=600_000, ge=1, le=1_000_000_000, description="Requests of a user."
    )
    address_requests_per_minute: int = Field(
        default=600_000, ge=1, le=1_000_000_000, description="Requests from an address, whoever they are of."
    )
    submissions_per_minute: int = Field(
        default=600_000, ge=1, le=1_000_000_000, description="Jobs a user submits, retries or replays."
    )
    max_queued: int = Field(
        default=1_000_000, ge=0, le=1_000_000_000, description="Jobs of a user that wait."
    )
    stored_bytes: int = Field(
        default=100 * 2**30, ge=0, le=2**60, description="Bytes of the files that a user stores."
    )


class FileSettings(SettingsGroup):
    """Where files are stored, how large they are and how long they stay."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_FILES_", extra="ignore")

    storage_url: str | None = Field(
        default=None,
        pattern=r"^(file:///.+|s3://[^/]+(/.*)?)$",
        description="`file:///folder` that all processes see, or `s3://bucket/prefix`; no files without.",
    )
    s3_endpoint_url: str | None = Field(default=None, description="Of whatever speaks S3; AWS unless set.")
    s3_region: str | None = Field(default=None, description="Region of the bucket.")
    s3_access_key_id: str | None = Field(default=None, description="Key of the bucket; else AWS's own ways.")
    s3_secret_access_key: SecretStr | None = Field(default=None, description="Secret of that key.")
    max_bytes: int = Field(default=10 * 2**30, ge=1, le=2**50, description="Largest file.")
    upload_ttl_s: float = Field(
        default=86_400, ge=1, le=30 * 86_400, description="Time for an upload to be complete."
    )
    grant_ttl_s: float = Field(
        default=86_400,
        ge=60,
        le=30 * 86_400,
        description="How long the worker of an attempt may fetch its files, beyond the time it may run.",
    )
    kept_days: int = Field(default=30, ge=1, le=36_600, description="How long a file stays.")
    recoverable_days: int = Field(
        default=0,
        ge=0,
        le=36_600,
        description="So long the bytes of deleted files stay, for a recovery to a point in time.",
    )


class SecretSettings(SettingsGroup):
    """What encrypts the keys of the secrets that plugins are given."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_SECRETS_", extra="ignore")

    key: SecretStr | None = Field(
        default=None, min_length=32, description="Key-encryption key; no secrets are stored without."
    )
    previous_keys: Annotated[list[SecretStr], NoDecode] = Field(
        default=[],
        max_length=10,
        description="Keys of before, separated by commas, until `operation-server rewrap-secrets` has run.",
    )

    @field_validator("previous_keys", mode="before")
    @classmethod
    def _separate(cls, given: Any) -> Any:
        return [part for part in given.split(",") if part] if isinstance(given, str) else given


class SmtpSettings(SettingsGroup):
    """The mail server by which users are told."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_SMTP_", extra="ignore", hide_input_in_errors=True)

    host: Annotated[str | None, Given] = Field(
        default=None, description="Mail server; no notifications by e-mail without."
    )
    port: int = Field(default=587, ge=1, le=65_535, description="Its port.")
    security: SmtpSecurity = Field(default=SmtpSecurity.STARTTLS, description="`starttls`, `tls` or `none`.")
    username: Annotated[str | None, Given] = Field(default=None, description="Name to log in by, if it asks.")
    password: Annotated[SecretStr | None, Given] = Field(default=None, description="Its password.")
    sender: str = Field(
        default="satellite@localhost", pattern=r"^[^\s@<>]+@[^\s@<>]+$", description="Who e-mails are from."
    )
    recipient_domains: Annotated[list[str], NoDecode] = Field(
        default=[],
        max_length=100,
        description="Domains to whose addresses users may be told, beside that of their account.",
    )

    @field_validator("recipient_domains", mode="before")
    @classmethod
    def _separate(cls, given: Any) -> Any:
        return (
            [part.strip().lower() for part in given.split(",") if part.strip()]
            if isinstance(given, str)
            else given
        )


class NotificationSettings(SettingsGroup):
    """Whom notifications may be sent to, and how long that is tried."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_NOTIFICATIONS_", extra="ignore")

    allowed_networks: Annotated[list[IPvAnyNetwork], NoDecode] = Field(
        default=[],
        max_length=100,
        description="Networks, separated by commas, that webhooks may lead to though they are not public; "
        "also by http.",
    )
    timeout_s: float = Field(default=15, ge=0.1, le=120, description="Time of a receiver to answer.")
    at_once: int = Field(default=32, ge=1, le=1_000, description="Messages that are under way at once.")
    lease_s: float = Field(
        default=60, ge=1, le=3_600, description="After so long what a dead process had begun is sent again."
    )
    give_up_after_s: float = Field(
        default=DAY_S, ge=1, le=30 * DAY_S, description="So long a message is tried."
    )
    kept_days: float = Field(default=7, ge=0.01, le=3_660, description="How long deliveries can be seen.")
    secret_overlap_s: float = Field(
        default=DAY_S, ge=0, le=30 * DAY_S, description="So long the signing secret of before signs too."
    )

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _separate(cls, given: Any) -> Any:
        return (
            [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given
        )


class PluginSettings(SettingsGroup):
    """Who may register plugins."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_PLUGINS_", extra="ignore")

    open_without_isolation: bool = Field(
        default=False,
        description="Users register plugins also while a worker runs them as processes; else only admins do.",
    )


class AirflowSettings(SettingsGroup):
    """An Airflow that shows deployed workflows."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_AIRFLOW_", extra="ignore")

    dags_folder: Path | None = Field(
        default=None,
        description="Folder of DAGs into which each deployment writes `workflow_ID.py`; none unless set.",
    )
    style: DagStyle = Field(default=DagStyle.MIRROR, description="What is written there: mirror or native.")


class MetricsSettings(SettingsGroup):
    """Where processes that serve no HTTP answer scrapes."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_METRICS_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65_535, description="Port to listen on; none when 0.")
    token: SecretStr | None = Field(
        default=None, min_length=16, description="Bearer token that opens `GET /metrics` of the API."
    )


class HealthSettings(SettingsGroup):
    """Where processes that serve no HTTP show that they are well."""

    model_config = SettingsConfigDict(env_prefix="SATELLITE_HEALTH_", extra="ignore")

    dir: Path | None = Field(
        default=None,
        description="Folder of the files that `operation-server health` looks at; none unless set.",
    )


class OperationSettings(BaseModel):
    """All groups; `OperationSettings()` reads the environment, tests hand groups in."""

    model_config = ConfigDict(frozen=True)

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    tracing: TracingSettings = Field(default_factory=TracingSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    # The secret key has no default: reading it from the environment is what may fail here.
    auth: AuthSettings = Field(default_factory=partial(AuthSettings))
    admin: AdminSettings = Field(default_factory=AdminSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    files: FileSettings = Field(default_factory=FileSettings)
    secrets: SecretSettings = Field(default_factory=SecretSettings)
    dispatch: DispatchSettings = Field(default_factory=DispatchSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    notifications: NotificationSettings = Field(default_factory=NotificationSettings)
    smtp: SmtpSettings = Field(default_factory=SmtpSettings)
    plugins: PluginSettings = Field(default_factory=PluginSettings)
    airflow: AirflowSettings = Field(default_factory=AirflowSettings)
