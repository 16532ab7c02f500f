"""Which of several credentials are used, and for which server."""

from __future__ import annotations

from pathlib import Path

import pytest

from satellite.cli.credentials import (
    NotLoggedIn,
    find_credentials,
    server_url,
    store_login,
    write_private,
)

LOCAL, FAR = "http://127.0.0.1:8000", "https://satellite.example.com"


@pytest.fixture(autouse=True)
def local_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack on this machine, and nobody's login."""
    for name in ("SATELLITE_URL", "SATELLITE_TOKEN", "SATELLITE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SATELLITE_HOME", str(tmp_path))
    monkeypatch.setenv("SATELLITE_CONFIG_DIR", str(tmp_path / "config"))
    write_private(tmp_path / "credentials.json", {"url": LOCAL, "username": "admin", "password": "local"})


def test_without_a_name_it_is_the_local_stack() -> None:
    assert find_credentials().password == "local"
    assert server_url() == LOCAL


def test_the_server_that_the_environment_names_is_not_shown_those_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_login(LOCAL, "a token", refresh_token="renews", expires_in_s=60)
    monkeypatch.setenv("SATELLITE_URL", FAR)

    assert server_url() == FAR
    with pytest.raises(NotLoggedIn):
        find_credentials()


def test_a_login_at_the_named_server_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    store_login(FAR, "a token", refresh_token="renews", expires_in_s=60)
    monkeypatch.setenv("SATELLITE_URL", f"{FAR}/")

    assert find_credentials().url == FAR
