"""Processes that refuse to start, and say which variable is wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RIGHT = {
    "SATELLITE_DATABASE_URL": "postgresql+psycopg://satellite:aQ7x-93kd@127.0.0.1:1/satellite",
    "SATELLITE_REDIS_URL": "redis://127.0.0.1:1/0",
    "SATELLITE_AUTH_SECRET_KEY": "0f2b6c1d9e8a7f5b3c4d2e1f0a9b8c7d",
    "SATELLITE_ADMIN_EMAIL": "admin@example.com",
    "SATELLITE_ADMIN_PASSWORD": "the admin's password",
}
CHECKED = """
from operation_server.startup_checks import require_secrets
from satellite.settings.group import bad_settings_end_the_process
with bad_settings_end_the_process():
    require_secrets(signs=True)
"""


def start(code: list[str], **changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SATELLITE_")}
    environment |= {name: value for name, value in (RIGHT | changes).items() if value is not None}
    return subprocess.run(
        [sys.executable, *code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SATELLITE_AUTH_SECRET_KEY", None, "required"),
        ("SATELLITE_AUTH_SECRET_KEY", "short", "32"),
        ("SATELLITE_AUTH_SECRET_KEY", "x" * 40, "placeholder"),
        ("SATELLITE_AUTH_SECRET_KEY", "change-me-to-something-long-please-now", "placeholder"),
        ("SATELLITE_AUTH_SECRET_KEY", "your-secret-key-your-secret-key-your", "placeholder"),
        ("SATELLITE_AUTH_PREVIOUS_SECRET_KEYS", "0f2b6c1d9e8a7f5b,", "too short"),
        ("SATELLITE_SECRETS_KEY", "x" * 40, "placeholder"),
        ("SATELLITE_API_WORKER_TOKEN", "x" * 40, "placeholder"),
        ("SATELLITE_SECRETS_KEY", "0f2b6c1d9e8a7f5b", "32"),
        ("SATELLITE_SECRETS_PREVIOUS_KEYS", "0f2b6c1d9e8a7f5b,", "too short"),
        ("SATELLITE_ADMIN_PASSWORD", "password123", "easy to guess"),
        ("SATELLITE_ADMIN_PASSWORD", "admin", "too short"),
        ("SATELLITE_DATABASE_URL", "postgresql+psycopg://satellite:satellite@db/satellite", "everybody"),
        ("SATELLITE_DATABASE_URL", "postgresql+psycopg://satellite@db.example/satellite", "no password"),
        ("SATELLITE_DATABASE_MIGRATION_URL", "postgresql+psycopg://satellite:postgres@db/x", "everybody"),
        ("SATELLITE_REDIS_URL", "redis://cache.example:6379/0", "no password"),
        ("SATELLITE_REDIS_URL", "redis://:changeme@cache.example:6379/0", "everybody"),
        ("CELERY_BROKER_URL", "amqp://guest:guest@rabbit.example:5672//", "everybody"),
        ("CELERY_BROKER_URL", "amqp://rabbit.example:5672//", "no password"),
    ],
)
def test_it_names_the_variable_and_no_value(variable: str, value: str | None, words: str) -> None:
    done = start(["-c", CHECKED], **{variable: value})

    assert done.returncode == 1, done.stderr
    assert f"{variable}: " in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    if value is not None and "@" not in value:
        assert value not in done.stderr


def test_right_ones_start() -> None:
    assert start(["-c", CHECKED]).returncode == 0
    tls = "rediss://:kd8-2hhq@cache.example:6379/0"
    assert start(["-c", CHECKED], SATELLITE_REDIS_URL=tls).returncode == 0


def test_local_mode_takes_weak_ones() -> None:
    weak = {"SATELLITE_LOCAL_MODE": "true", "SATELLITE_ADMIN_PASSWORD": "admin"}
    assert start(["-c", CHECKED], **weak).returncode == 0


@pytest.mark.parametrize("command", ["api", "migrate", "dispatcher", "results"])
def test_every_process_looks_first(command: str) -> None:
    done = start(["-m", "operation_server.cli", command], SATELLITE_REDIS_URL="redis://cache.example/0")

    assert done.returncode == 1, done.stderr
    assert "SATELLITE_REDIS_URL: has no password" in done.stderr


def test_the_dispatcher_needs_what_signs_for_workers_where_files_are() -> None:
    def dispatch(**more: str) -> str:
        unsigned = {"SATELLITE_AUTH_SECRET_KEY": None, "SATELLITE_REDIS_URL": "redis://cache.example/0"}
        return start(["-m", "operation_server.cli", "dispatcher"], **(unsigned | more)).stderr

    assert "SATELLITE_AUTH_SECRET_KEY: " not in dispatch()
    assert "SATELLITE_AUTH_SECRET_KEY: " in dispatch(SATELLITE_FILES_STORAGE_URL="file:///tmp/files")
