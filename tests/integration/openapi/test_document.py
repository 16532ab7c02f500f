"""The API does what its own document says, whatever it is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from operation_server.accounts.account import Role
from operation_server.jobs.schemas.requests import REQUEST_EXAMPLE
from tests.fixtures.api import log_in, open_account, running_api
from tests.plugins.folders import REPOSITORY_ROOT, read_manifest

CONFIG = Path(__file__).with_name("schemathesis.toml")
WALKER = {"username": "walker@example.com", "password": "a walker's long password"}


# Thousands of requests: 100 s alone, and on a slow machine beside others many times that.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("role", Role)
def test_every_operation_keeps_the_document(
    role: Role, database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", tmp_path.as_uri())
    monkeypatch.setenv("SATELLITE_SECRETS_KEY", "what wraps the keys of the secrets")
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        with log_in(url) as admin:
            make_what_examples_name(admin)
            open_account(admin, WALKER, role=role)
        with log_in(url, WALKER) as walker:
            done = walk(url, token=walker.headers["authorization"].removeprefix("Bearer "))
    assert done.returncode == 0, done.stdout


def make_what_examples_name(admin: httpx.Client) -> None:
    """Fill the platform, with accounts too: the walk closes those of low numbers, and not its own."""
    for name in ("example-classifier", "example-failing"):
        admin.post("/plugins", json=read_manifest(REPOSITORY_ROOT / "plugins" / name)).raise_for_status()
    admin.post("/jobs/batch", json={"jobs": [REQUEST_EXAMPLE] * 20}).raise_for_status()
    for number in range(10):
        open_account(admin, WALKER | {"username": f"{number}@example.com"})


def walk(url: str, *, token: str) -> subprocess.CompletedProcess[str]:
    """Ask every operation for what its document allows and for what it forbids."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    choice = ["--phases=examples,coverage", "--continue-on-failure", "--no-color"]
    return subprocess.run(
        [schemathesis, f"--config-file={CONFIG}", "run", f"{url}/openapi.json", *choice],
        env=os.environ | {"SATELLITE_TOKEN": token},
        cwd=REPOSITORY_ROOT, capture_output=True, text=True, timeout=1100,
    )  # fmt: skip
