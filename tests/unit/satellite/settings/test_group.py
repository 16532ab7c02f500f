"""Settings from files, and the one line that a process says about settings it cannot use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import SettingsError

from operation_server.settings import AuthSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.group import variables_of

KEY = "SATELLITE_AUTH_SECRET_KEY"
SECRET = "not-to-be-shown-" * 4


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def test_a_secret_comes_from_the_file_that_is_named(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text(SECRET + "\n")
    monkeypatch.setenv(f"{KEY}_FILE", str(file))

    assert AuthSettings().secret_key.get_secret_value() == SECRET  # type: ignore[call-arg]


def test_so_does_one_that_goes_by_two_names(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("redis://:hush@cache:6379/3")
    monkeypatch.setenv("REDIS_URL_FILE", str(file))

    assert BrokerSettings().redis_url == "redis://:hush@cache:6379/3"


def test_other_settings_of_a_group_stay_variables(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("postgresql+psycopg://u:p@db/satellite")
    monkeypatch.setenv("SATELLITE_DATABASE_URL_FILE", str(file))
    monkeypatch.setenv("SATELLITE_DATABASE_POOL_SIZE", "3")

    settings = DatabaseSettings()

    assert (settings.url.get_secret_value(), settings.pool_size) == (file.read_text(), 3)


def test_a_variable_beside_the_file_is_refused(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text(SECRET)
    monkeypatch.setenv(f"{KEY}_FILE", str(file))
    monkeypatch.setenv(KEY, SECRET)

    with pytest.raises(SettingsError, match=f"{KEY} and {KEY}_FILE are both set"):
        AuthSettings()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfe", "no text")]
)
def test_a_file_of_no_use_is_named(
    monkeypatch: pytest.MonkeyPatch, file: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(f"{KEY}_FILE", str(file))

    with pytest.raises(SettingsError, match=f"{KEY}_FILE: {file} .*{reason}"):
        AuthSettings()  # type: ignore[call-arg]


def test_the_first_variable_is_the_documented_one() -> None:
    assert variables_of(BrokerSettings, "redis_url") == ["SATELLITE_REDIS_URL", "REDIS_URL"]
    assert variables_of(DatabaseSettings, "pool_size") == ["SATELLITE_DATABASE_POOL_SIZE"]


@pytest.mark.parametrize(
    ("command", "variables", "said"),
    [
        (["-m", "operation_server.cli", "api"], {}, f"{KEY}: Field required"),
        (["-m", "operation_server.cli", "api"], {KEY: SECRET[:9]}, f"{KEY}: Value should have at least 32"),
        (
            ["-m", "operation_server.cli", "api"],
            {f"{KEY}_FILE": "/gone"},
            f"{KEY}_FILE: /gone cannot be read",
        ),
        (
            ["-m", "operation_server.cli", "results"],
            {"SATELLITE_DATABASE_POOL_SIZE": "0"},
            "DATABASE_POOL_SIZE:",
        ),
        (
            ["-m", "operation_server.cli", "migrate"],
            {"SATELLITE_DATABASE_URL": f"postgresql+psycopg://nobody:{SECRET}@127.0.0.1:1/none"},
            "SATELLITE_DATABASE_URL: connection failed",
        ),
        (["-m", "analysis_server"], {"SATELLITE_WORKER_SLOTS": "0"}, "SATELLITE_WORKER_SLOTS: Input should"),
        (["-m", "analysis_server", "health"], {"SATELLITE_WORKER_NAME": "a b"}, "SATELLITE_WORKER_NAME: "),
    ],
)
def test_a_process_names_the_setting_in_one_line(
    command: list[str], variables: dict[str, str], said: str
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SATELLITE_")}

    done = subprocess.run(
        [sys.executable, *command], env=clean | variables, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert SECRET[:9] not in done.stderr
