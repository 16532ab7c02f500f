"""`satellite login`, `user` and `key`, and a login that renews itself, on a real API process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from satellite.cli.login_file import LoginInFile
from satellite.client import NotAuthenticated, SatelliteClient
from tests.fixtures.api import ADMIN, running_api
from tests.integration.operation_server_api.conftest import MANIFEST


@pytest.fixture
def api_url(database_url: str, redis_url: str) -> Iterator[str]:
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


class CommandLine:
    """Runs commands in processes of their own, as people do."""

    def __init__(self, url: str, folder: Path) -> None:
        self.environment = os.environ | {"SATELLITE_URL": url, "SATELLITE_CONFIG_DIR": str(folder)}
        self.login_file = folder / "credentials.json"

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "satellite.cli.main", *words],
            env=self.environment | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, stdin: str = "", code: int = 0, **environment: str) -> str:
        process = self.start(*words, **environment)
        out, err = process.communicate(stdin, timeout=120)
        assert process.returncode == code, (words, out, err)
        return out if code == 0 else err

    def log_in(self) -> None:
        self("login", "--username", ADMIN["username"], "--password-stdin", stdin=ADMIN["password"])

    def spoil_token(self) -> None:
        """Let the access token be one that the server does not take any more."""
        login = json.loads(self.login_file.read_text())
        self.login_file.write_text(json.dumps(login | {"token": "expired", "expires_at": 1}))


@pytest.fixture
def satellite(api_url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(api_url, tmp_path)


def test_accounts_and_keys(satellite: CommandLine, api_url: str) -> None:
    satellite.log_in()
    satellite(
        "user", "create", "ada@example.com", "--name", "Ada", "--password-stdin", stdin="analytical engine"
    )
    weak = satellite("user", "create", "eve@example.com", "--password-stdin", stdin="12345678", code=5)
    assert "easy to guess" in weak
    satellite("user", "change", "ada@example.com", "--role", "viewer", "--name", "Ada King")
    satellite("user", "password", "ada@example.com", "--password-stdin", stdin="difference engine")
    satellite("user", "deactivate", "ada@example.com")
    satellite("user", "activate", "2")
    users = json.loads(satellite("user", "list", "--json"))["items"]
    assert [(user["email"], user["full_name"], user["role"], user["is_active"]) for user in users] == [
        (ADMIN["username"], None, "admin", True), ("ada@example.com", "Ada King", "viewer", True),
    ]  # fmt: skip
    key = satellite("key", "create", "of a test", "--permission", "jobs:read", "--days", "1").strip()
    assert "of a test" in satellite("key", "list")
    assert json.loads(satellite("job", "list", "--json", SATELLITE_API_KEY=key))["total"] == 0
    satellite("user", "list", SATELLITE_API_KEY=key, code=7)
    satellite("key", "revoke", "1")
    with httpx.Client(headers={"X-API-Key": key}) as program:
        for _ in range(100):
            if program.get(f"{api_url}/api/v1/jobs").status_code == 401:
                break
            threading.Event().wait(0.1)
    assert "not accept this login" in satellite("job", "list", SATELLITE_API_KEY=key, code=3)


def test_a_login_renews_itself_for_many_commands_at_once(satellite: CommandLine) -> None:
    satellite.log_in()
    assert satellite.login_file.stat().st_mode & 0o777 == 0o600
    for _ in range(2):
        satellite.spoil_token()
        commands = [satellite.start("user", "list", "--json") for _ in range(4)]
        assert [process.communicate(timeout=120)[1] for process in commands] == [""] * 4
        assert [process.returncode for process in commands] == [0] * 4
    assert satellite.login_file.stat().st_mode & 0o777 == 0o600


def test_a_login_that_has_ended_says_so(satellite: CommandLine, blocking_engine: Engine) -> None:
    satellite.log_in()
    satellite.spoil_token()
    with blocking_engine.begin() as connection:
        connection.execute(text("DELETE FROM refresh_tokens"))
    assert "satellite login" in satellite("user", "list", code=3)


def test_threads_of_one_client_renew_once(api_url: str, blocking_engine: Engine) -> None:
    with SatelliteClient(api_url) as client:
        client.login(ADMIN["username"], ADMIN["password"])
        with blocking_engine.begin() as connection:
            connection.execute(text("UPDATE users SET auth_epoch = auth_epoch + 1"))
        # The process believes the old token for up to three seconds.
        threading.Event().wait(3.5)
        threads = [threading.Thread(target=client.me) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with blocking_engine.connect() as connection:
            used = connection.scalar(text("SELECT count(*) FROM refresh_tokens WHERE used_at IS NOT NULL"))
        assert used == 1
        assert client.me()["email"] == ADMIN["username"]
        client.logout()
        with pytest.raises(NotAuthenticated):
            client.me()


def test_a_stream_goes_on_with_a_renewed_login(api_url: str, blocking_engine: Engine) -> None:
    with SatelliteClient(api_url) as client:
        client.login(ADMIN["username"], ADMIN["password"])
        client.register_plugin(MANIFEST)
        job = client.submit("adder", {"n": 1})
        events = client.events(job.id, timeout_s=60)
        assert next(events).data["status"] == "queued"
        with blocking_engine.begin() as connection:
            connection.execute(text("UPDATE users SET auth_epoch = auth_epoch + 1"))
        cancelling = threading.Timer(8, lambda: client.cancel(job.id))
        cancelling.start()
        assert [event.data["status"] for event in events] == ["cancelled", "cancelled"]
        # The events may come before the answer, which needs the client.
        cancelling.join()


def test_a_file_that_vanished_keeps_nobody(tmp_path: Path) -> None:
    login = LoginInFile(tmp_path / "credentials.json")
    with login.held():
        assert login.read() is None
