"""`satellite cluster` and `satellite gpu-run` on a real API process; the test plays the connector."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from operation_server.clusters.ssh_keys import fingerprint_of
from satellite.contracts.cluster import REPORT_PATH
from satellite.contracts.run_secrets import SIGNATURE_HEADER, sign
from tests.fixtures.api import log_in, running_api
from tests.integration.clusters.conftest import GPU_JOB_MANIFEST, HOST_KEY, report_of
from tests.integration.command_line.test_accounts import CommandLine

TOKEN = secrets.token_hex(32)
SEEN = [{"host": "gpu.example", "port": 22, "key": HOST_KEY}]


@pytest.fixture
def url(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SATELLITE_SECRETS_KEY", secrets.token_hex(32))
    monkeypatch.setenv("SATELLITE_API_WORKER_TOKEN", TOKEN)
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", (tmp_path / "files").as_uri())
    (tmp_path / "files").mkdir()
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        with log_in(url) as admin:
            admin.post("/plugins", json=GPU_JOB_MANIFEST).raise_for_status()
        yield url


@pytest.fixture
def satellite(url: str, tmp_path: Path) -> CommandLine:
    satellite = CommandLine(url, tmp_path)
    satellite.log_in()
    return satellite


def report(url: str, **changes: Any) -> None:
    body = report_of("lab", **changes).model_dump_json().encode()
    headers = {SIGNATURE_HEADER: sign(TOKEN, "POST", REPORT_PATH, body), "Content-Type": "application/json"}
    httpx.post(url + REPORT_PATH, content=body, headers=headers, timeout=60).raise_for_status()


def test_a_cluster_from_its_registration_to_its_end(satellite: CommandLine, url: str) -> None:
    line = satellite("cluster", "add", "lab", "me@gpu.example", "--label", "zone=a", "--slots", "8")
    assert line.startswith("restrict ssh-ed25519 ")
    report(url, state="unconfirmed", nodes=[], seen_host_keys=SEEN)
    assert "is trusted" in satellite("cluster", "trust", "lab", fingerprint_of(HOST_KEY))
    report(url, seen_host_keys=SEEN, checks=[{"name": "python", "ok": False, "detail": "is missing"}])

    [listed] = json.loads(satellite("cluster", "list", "--json"))
    assert (listed["state"], listed["labels"], listed["slots"], listed["cards_free"]) == (
        "ready", {"zone": "a"}, 8, 2,
    )  # fmt: skip
    assert "lab" in satellite("cluster", "list")
    assert satellite("cluster", "gpus", "lab").count("free") == 2
    satellite("cluster", "doctor", "lab", "--timeout", "0", code=1)
    report(url, seen_host_keys=SEEN, checks=[{"name": "python", "ok": True, "detail": "3.6.8"}])
    assert "python: 3.6.8" in satellite("cluster", "doctor", "lab", "--timeout", "0")
    assert "draining" in satellite("cluster", "drain", "lab")
    assert "takes jobs again" in satellite("cluster", "resume", "lab")
    assert "Deleted lab" in satellite("cluster", "remove", "lab")
    assert "no cluster lab" in satellite("cluster", "remove", "lab", code=4)


def test_a_command_is_sent_with_its_code(satellite: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    (tmp_path / "rows.csv").write_text("n\n1\n")
    options = (
        "--gpus",
        "2",
        "--memory",
        "32G",
        "--env",
        "A=b=c",
        "--data",
        f"rows.csv={tmp_path / 'rows.csv'}",
    )
    job_id = satellite(
        "gpu-run", *options, "--code", str(folder), "--detach", "--", "python", "train.py", "--lr", "1"
    ).strip()
    job = json.loads(satellite("job", "show", job_id, "--json"))
    given = job["input_data"]
    assert given["command"] == ["python", "train.py", "--lr", "1"]
    assert given["environment"] == {"A": "b=c"}
    assert given["code"]["source"] == "local"
    assert job["requires"]["cluster"] == {"gpus": 2, "memory_mib": 32_768}
    assert set(given["data"]) == {"rows.csv"}
    assert "No cluster" in satellite("job", "explain", job_id) or "none is registered" in satellite(
        "job", "explain", job_id
    )
    assert json.loads(satellite("job", "files", job_id, "--json")) == []
    assert json.loads(satellite("job", "pull", job_id, "--json")) == []
    refused = satellite("gpu-run", "--git", "file:///etc", "--detach", "--", "true", code=5)
    assert "url" in refused
    both = satellite("gpu-run", "--git", "https://a/b", "--existing", "/c", "--", "true", code=2)
    assert "one of --code" in both
