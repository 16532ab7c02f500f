"""Backups of a deployment by Compose, and the ways back: a folder, and a moment by the archived log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.deployment.compose import Deployment
from tests.fixtures.servers import wait_until

DRILL = "SATELLITE_RECOVERY_DRILL"
pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(DRILL not in os.environ, reason="a part of make drill-recovery"),
]

SATELLITE = ".venv/bin/satellite"
POSTGRES = 999
PSQL = ("exec", "-T", "postgres", "psql", "-U", "satellite", "-At", "-c")
WAITING = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"


def start(deployment: Deployment) -> None:
    deployment.compose("up", "-d", timeout_s=400)
    wait_until(deployment.is_ready, timeout_s=180, interval_s=0.5)


@pytest.fixture
def platform(deployment: Deployment) -> Iterator[Deployment]:
    """A deployment that runs, before and after."""
    start(deployment)
    yield deployment
    start(deployment)


def add_account(deployment: Deployment, name: str) -> None:
    with closing(deployment.api()) as api:
        account = {"email": f"{name}@example.com", "password": "difference engine no 2"}
        assert api.post("/users", json=account).status_code == 201


def accounts(deployment: Deployment) -> set[str]:
    with closing(deployment.api()) as api:
        users = api.get("/users").raise_for_status().json()["items"]
        return {user["email"].partition("@")[0] for user in users}


def finish(deployment: Deployment, *words: str) -> str:
    said = deployment.run(SATELLITE, "admin", "restore", *words, "--compose", ".", "--finish", timeout_s=400)
    start(deployment)
    return said


def test_a_folder_brings_back_what_was(platform: Deployment) -> None:
    add_account(platform, "kept")
    with closing(platform.api()) as api:
        file_id = api.post("/files", content=b"kept").raise_for_status().json()["id"]
    platform.run(SATELLITE, "admin", "backup", "backups/one", "--compose", ".")
    add_account(platform, "lost")

    assert "begins" in finish(platform, "backups/one")

    assert {"kept", "lost"} & accounts(platform) == {"kept"}
    with closing(platform.api()) as api:
        assert api.get(f"/files/{file_id}").content == b"kept"


def test_the_archived_log_brings_back_a_moment(platform: Deployment) -> None:
    archive = platform.folder / "archive"
    for folder in (archive, archive / "wal", archive / "base"):
        folder.mkdir()
        os.chown(folder, POSTGRES, POSTGRES)
    archived = platform.with_files("docker-compose.yml", "docker-compose.archive.yml")
    start(archived)
    base = ("pg_basebackup", "-U", "satellite", "-c", "fast", "-D", "/archive/base/one")
    archived.compose("exec", "-T", "postgres", *base)
    add_account(archived, "after-the-backup")
    moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
    add_account(archived, "after-the-moment")
    archived.compose(*PSQL, "SELECT pg_switch_wal()")
    wait_until(lambda: archived.compose(*PSQL, WAITING).strip() == "0", timeout_s=60)

    archived.compose("stop", timeout_s=300)
    archived.run("compose/recover", "/archive/base/one", moment)

    assert "begins" in finish(archived)
    assert {"after-the-backup", "after-the-moment"} & accounts(archived) == {"after-the-backup"}
    assert list(archive.glob("before-*/PG_VERSION"))
