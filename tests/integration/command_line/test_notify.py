"""`satellite notify` on a real API process, a real process that tells, and a receiver that listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.api import log_in, running_api
from tests.fixtures.receiver import WebhookReceiver
from tests.fixtures.servers import wait_until
from tests.integration.command_line.test_accounts import CommandLine
from tests.integration.notifications.conftest import NotificationProcess, environment, process
from tests.integration.operation_server_api.conftest import MANIFEST

__all__ = ["environment", "process"]


@pytest.fixture
def satellite(
    environment: dict[str, str],
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CommandLine]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        with log_in(url) as admin:
            admin.post("/plugins", json=MANIFEST).raise_for_status()
        satellite = CommandLine(url, tmp_path)
        satellite.log_in()
        yield satellite


def test_a_rule_tells_a_webhook_whose_secret_was_shown_once(
    satellite: CommandLine,
    receiver: WebhookReceiver,
    process: NotificationProcess,
) -> None:
    added = ("notify", "add-channel", "ops", "webhook", "--address-stdin")
    secret = satellite(*added, stdin=receiver.url()).strip()
    assert secret.startswith("whsec_")
    assert "already" in satellite(*added, stdin=receiver.url(), code=6)
    rule = json.loads(
        satellite("notify", "add-rule", "ends", "--on", "job_cancelled", "--channel", "ops", "--json")
    )
    assert (
        "you have no channel nobody"
        in satellite("notify", "add-rule", "x", "--on", "job_failed", "--channel", "nobody", code=2).lower()
    )
    for shown in (satellite("notify", "channels"), satellite("notify", "channels", "--json")):
        assert "ops" in shown
        assert secret not in shown
    assert "ops" in satellite("notify", "rules")

    process.start()
    satellite("notify", "test", "ops")
    [test] = receiver.wait_for(count=1)
    assert test.is_signed_by(secret)
    job_id = json.loads(satellite("run", MANIFEST["name"], "--input", '{"n": 1}', "--json"))["id"]
    satellite("job", "cancel", str(job_id))
    told = receiver.wait_for(count=2)[-1]
    assert told.json["data"]["job_id"] == job_id

    def delivered() -> bool:
        return satellite("notify", "deliveries", "--status", "delivered").count("200") == 2

    wait_until(delivered, timeout_s=60)
    page = json.loads(satellite("notify", "deliveries", "--job", str(job_id), "--json"))
    [delivery] = page["items"]
    satellite("notify", "redeliver", str(delivery["id"]))
    assert receiver.wait_for(count=3)[-1].id == told.id
    assert satellite("notify", "rotate", "ops").strip() != secret
    satellite("notify", "delete-rule", str(rule["id"]))
    satellite("notify", "delete-channel", "ops")
    assert json.loads(satellite("notify", "channels", "--json"))["items"] == []
