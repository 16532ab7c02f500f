"""`satellite secret` on a real API process."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.api import log_in, running_api
from tests.integration.command_line.test_accounts import CommandLine
from tests.integration.operation_server_api.conftest import MANIFEST

VALUE = "-----BEGIN KEY-----\nof several lines\n-----END KEY-----"


@pytest.fixture
def satellite(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    monkeypatch.setenv("SATELLITE_SECRETS_KEY", secrets.token_hex(32))
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        with log_in(url) as admin:
            admin.post("/plugins", json=MANIFEST).raise_for_status()
        satellite = CommandLine(url, tmp_path)
        satellite.log_in()
        yield satellite


def test_a_secret_is_set_granted_listed_and_deleted_and_never_shown(satellite: CommandLine) -> None:
    told = [
        satellite("secret", "set", "TOKEN", "--value-stdin", stdin=VALUE + "\n"),
        satellite("secret", "grant", "TOKEN", "adder"),
        satellite("secret", "set", "TOKEN", "--value-stdin", "--plugin", "adder", stdin=VALUE),
        satellite("secret", "set", "TOKEN", "--for-all", "--value-stdin", "--json", stdin=VALUE),
        satellite("secret", "list"),
    ]
    listed = json.loads(satellite("secret", "list", "--json"))["items"]

    assert [(one["version"], one["owner_id"], one["plugins"]) for one in listed] == [
        (1, None, []), (2, 1, ["adder"]),
    ]  # fmt: skip
    assert not any(line in text for text in told for line in VALUE.splitlines())
    satellite("secret", "revoke", "TOKEN", "adder")
    satellite("secret", "delete", "TOKEN")
    assert "no secret TOKEN of your own" in satellite("secret", "delete", "TOKEN", code=2)
    satellite("secret", "delete", "TOKEN", "--for-all")
    assert json.loads(satellite("secret", "list", "--json"))["total"] == 0
    short = satellite("secret", "set", "TOKEN", "--value-stdin", stdin="short", code=5)
    assert "8" in short
    assert "short\n" not in short
    missing = satellite("secret", "set", "OTHER", "--value-stdin", "--plugin", "none", stdin=VALUE, code=4)
    assert "no plugin none" in missing
