"""What operators do about key-encryption keys, and what the API looks for before it serves."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import structlog

from operation_server.database.engine import Engine, create_blocking_engine
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.secrets.key_ring import KeyRing
from operation_server.secrets.rewrapping import missing_keys, rewrap_all
from operation_server.settings import OperationSettings, SecretSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

log = structlog.get_logger(__name__)


def rewrap_secrets() -> None:
    """Wrap all secrets by SATELLITE_SECRETS_KEY, so that the keys of before may go; safe to repeat."""
    configure_logging(LogSettings())
    settings = SecretSettings()
    if settings.key is None:
        sys.exit("SATELLITE_SECRETS_KEY: is missing; it is the key that secrets are wrapped by from now on")
    with _engine(DatabaseSettings()) as engine:
        rewrapped = rewrap_all(engine, KeyRing.of(settings))
    log.info("secrets rewrapped", **rewrapped._asdict())
    if rewrapped.failed:
        sys.exit(f"{rewrapped.failed} secrets stay as they are, see the log; keep their keys")


def require_used_keys(settings: OperationSettings) -> None:
    """End the process where secrets are wrapped by a key that it was not given."""
    missing: dict[str, int] = {}
    # Without the database the API starts all the same, and says so of each secret.
    with contextlib.suppress(*DATABASE_ERRORS), _engine(settings.database) as engine:
        missing = missing_keys(engine, KeyRing.of(settings.secrets))
    if missing:
        told = ", ".join(f"{count} by {key_id}" for key_id, count in missing.items())
        sys.exit(
            f"SATELLITE_SECRETS_PREVIOUS_KEYS: a key is missing that secrets are wrapped by ({told}); put it "
            "back, and leave it out once `operation-server rewrap-secrets` has run"
        )


@contextlib.contextmanager
def _engine(database: DatabaseSettings) -> Iterator[Engine]:
    engine = create_blocking_engine(database, application_name="satellite-secrets")
    try:
        yield engine
    finally:
        engine.dispose()
