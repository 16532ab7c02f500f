"""Refuses to start with secrets that are missing, short, or what everybody knows; names their variables."""

from __future__ import annotations

from collections.abc import Iterator

from operation_server.accounts.credentials import check_password
from operation_server.settings import AdminSettings, ApiSettings, AuthSettings, FileSettings, SecretSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.secret_strength import (
    ModeSettings,
    address_faults,
    broker_faults,
    end_if_any,
    key_faults,
)


def require_secrets(*, signs: bool) -> None:
    """End the process when a secret of it is none, unless it runs in local mode.

    `signs` tells whether it signs anything, such as tokens, or what workers show to fetch files.
    """
    auth = AuthSettings() if signs else None
    if ModeSettings().local_mode:
        return
    database = DatabaseSettings()
    faults = [
        *address_faults("SATELLITE_DATABASE_URL", database.url.get_secret_value()),
        *broker_faults(BrokerSettings()),
        *_admin_faults(AdminSettings()),
    ]
    if database.migration_url is not None:
        faults += address_faults("SATELLITE_DATABASE_MIGRATION_URL", database.owner_url)
    if auth is not None:
        token = ApiSettings().worker_token
        if token is not None:
            faults += key_faults("SATELLITE_API_WORKER_TOKEN", token)
        faults += key_faults("SATELLITE_AUTH_SECRET_KEY", auth.secret_key)
        for key in auth.previous_secret_keys:
            faults += key_faults("SATELLITE_AUTH_PREVIOUS_SECRET_KEYS", key)
    faults += _secret_key_faults(SecretSettings())
    end_if_any(faults)


def has_files() -> bool:
    """Tell whether this installation stores files."""
    return FileSettings().storage_url is not None


def _secret_key_faults(secrets: SecretSettings) -> Iterator[str]:
    if secrets.key is not None:
        yield from key_faults("SATELLITE_SECRETS_KEY", secrets.key)
    for key in secrets.previous_keys:
        yield from key_faults("SATELLITE_SECRETS_PREVIOUS_KEYS", key)


def _admin_faults(admin: AdminSettings) -> Iterator[str]:
    if admin.password is not None:
        for fault in check_password(admin.password.get_secret_value(), known=[admin.email or ""]):
            yield f"SATELLITE_ADMIN_PASSWORD: {fault.message}"
