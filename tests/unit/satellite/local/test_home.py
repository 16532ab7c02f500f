"""The home of a local stack."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

import pytest

from satellite.local.errors import DiskFull, HomeInUse, StackError
from satellite.local.home import StackHome


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


@pytest.fixture
def home(tmp_path: Path) -> StackHome:
    """A prepared home."""
    home = StackHome(path=tmp_path / "home")
    home.prepare()
    return home


class TestPrepare:
    def test_little_space_is_told_in_one_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 50 * 2**20, 50 * 2**20))

        with pytest.raises(DiskFull, match=r"Only 50 MiB are free .* 200 MiB are needed"):
            StackHome(path=tmp_path).prepare()

    def test_file_in_the_way_is_told_in_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "home").write_text("")

        with pytest.raises(StackError, match="cannot be used: File exists; use another --home"):
            StackHome(path=tmp_path / "home").prepare()


class TestLock:
    def test_second_stack_is_refused_with_the_first_one_s_process(self, home: StackHome) -> None:
        lock = home.lock()

        with pytest.raises(HomeInUse, match=rf"already runs on .* \(process {os.getpid()}\)"):
            home.lock()

        os.close(lock)

    def test_lock_of_a_dead_stack_does_not_hold(self, home: StackHome) -> None:
        os.close(home.lock())
        os.close(home.lock())


class TestSecrets:
    def test_secret_stays_the_same_and_is_private(self, home: StackHome) -> None:
        first = home.secret("auth-secret")

        assert home.secret("auth-secret") == first
        assert len(first) >= 32
        assert stat.S_IMODE((home.path / "auth-secret").stat().st_mode) == 0o600

    def test_credentials_file_is_private_and_complete(
        self, home: StackHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SATELLITE_ADMIN_EMAIL", raising=False)
        monkeypatch.delenv("SATELLITE_ADMIN_PASSWORD", raising=False)
        home.write_credentials("http://127.0.0.1:8000")

        written = json.loads(home.credentials.read_text())
        assert written["url"] == "http://127.0.0.1:8000"
        assert (written["username"], written["password"]) == home.admin()
        assert stat.S_IMODE(home.credentials.stat().st_mode) == 0o600

    def test_password_of_the_environment_is_not_written_down(
        self, home: StackHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SATELLITE_ADMIN_EMAIL", "me@example.org")
        monkeypatch.setenv("SATELLITE_ADMIN_PASSWORD", "from the environment")
        home.write_credentials("http://127.0.0.1:8000")

        assert json.loads(home.credentials.read_text()) == {
            "url": "http://127.0.0.1:8000",
            "username": "me@example.org",
        }
