"""The standing channel: many requests beside each other, and what waits is told at once."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.connector.remote.host import WAIT_S, Host, job, job_name


class Channel:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.early: dict[int, dict[str, Any]] = {}

    def send(self, number: int, command: str, body: Any) -> None:
        self.send_line(json.dumps({"id": number, "command": command, "body": body}))

    def send_line(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, number: int | None) -> dict[str, Any]:
        assert self.process.stdout is not None
        while number not in self.early:
            found = json.loads(self.process.stdout.readline())
            self.early[found["id"]] = found
        return self.early.pop(number)


@pytest.fixture
def channel(host: Host) -> Iterator[Channel]:
    process = host.start("serve")
    yield Channel(process)
    process.communicate(timeout=WAIT_S)
    assert process.returncode == 0


def test_a_watch_waits_for_the_log_and_for_the_end_while_others_are_answered(
    host: Host, channel: Channel
) -> None:
    wait_for = "while ! test -e $OUTPUT_DIR/../{}; do sleep 0.05; done;"
    request = job(1, f"{wait_for.format('one')} echo first; {wait_for.format('two')} exit 5")
    channel.send(1, "submit", request.model_dump(mode="json"))
    assert channel.answer(1)["state"] == "submitted"
    asked = {request.name: {"state": "running", "log_offset": 0}}
    host.wait_state(request.name, "running")  # type: ignore[arg-type]
    channel.send(2, "watch", {"jobs": asked, "wait_s": WAIT_S})
    channel.send(3, "poll", {"jobs": asked})
    assert channel.answer(3)["jobs"][request.name]["log"] == ""
    assert 2 not in channel.early
    (host.folder(request.name) / "one").touch()
    report = channel.answer(2)["jobs"][request.name]
    assert (base64.b64decode(report["log"]), report["log_size"]) == (b"first\n", 6)
    asked[request.name]["log_offset"] = 6
    channel.send(4, "watch", {"jobs": asked, "wait_s": WAIT_S})
    (host.folder(request.name) / "two").touch()
    assert channel.answer(4)["jobs"][request.name]["exit"]["code"] == 5


def test_a_watch_ends_without_news(host: Host, channel: Channel) -> None:
    channel.send(1, "watch", {"jobs": {job_name(1): {"state": "absent"}}, "wait_s": 0.3})
    assert channel.answer(1)["jobs"] == {}


def test_what_cannot_be_understood_harms_no_other(channel: Channel) -> None:
    channel.send_line("no json")
    assert channel.answer(None)["error"]["kind"] == "bad_request"
    channel.send(1, "no-such", {})
    assert channel.answer(1)["error"]["kind"] == "unknown_command"
    channel.send(2, "poll", {"jobs": {"../up": {}}})
    assert channel.answer(2)["error"]["kind"] == "bad_request"
    channel.send(3, "poll", {"jobs": {job_name(1): {}}})
    assert channel.answer(3)["jobs"][job_name(1)]["state"] == "absent"


def test_jobs_outlive_the_channel(host: Host) -> None:
    process = host.start("serve")
    channel = Channel(process)
    request = job(1, "sleep 2; exit 6")
    channel.send(1, "submit", request.model_dump(mode="json"))
    assert channel.answer(1)["state"] == "submitted"
    process.kill()
    process.communicate()
    assert host.wait_end(request.name).code == 6
