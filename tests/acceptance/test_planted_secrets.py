"""Secrets that are planted wherever there is a place for one, and then looked for wherever they must not be.

Beside those of users: what opens accounts, the platform's own keys, what files and inputs hold.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from analysis_server.runtimes.secrets.forms import forms_of
from analysis_server.runtimes.secrets.place import SecretPlace
from satellite.local.home import StackHome
from satellite.local.postgres import find_binary
from satellite.local.postgres_place import find_place
from tests.acceptance.platform import Platform, submit, wait_for_job
from tests.chaos.faults import listening_port, redis_client
from tests.fixtures.servers import wait_until

pytestmark = pytest.mark.docker

CONTROL = f"seen-{uuid4().hex}"
"""Written into a log and a result by a plugin, so that a look that finds nothing is known to be one."""
PROGRAM = f"""
import base64, json, os, sys, urllib.parse
job = json.load(sys.stdin)
value = open(os.environ["SATELLITE_SECRETS_DIR"] + "/TOKEN").read() + " " + os.environ["PASSWORD"]
for form in (value, repr(value), json.dumps(value), urllib.parse.quote(value), value.encode().hex(),
             base64.b64encode(value.encode()).decode(), "{CONTROL}"):
    print(form, file=sys.stderr)
print("::progress 0.5", value, file=sys.stderr, flush=True)
if job["how"] == "fail":
    raise SystemExit("cannot log in by " + value)
if job["how"] == "write":
    print("no JSON: " + value)
else:
    print(json.dumps({{"told": value, "{CONTROL}": 1}}))
"""
OF_INPUT = "input"
MAY_HOLD_INPUT = {"database", "files of the database", "keys of Redis", "files of Redis", "answers"}
"""An input is stored with its job and goes to a worker by the broker; no log, metric or event holds it."""


OWN_KEYS = (
    "auth-secret", "secrets-key", "worker-token", "metrics-token", "admin-password", "redis-password"
)  # fmt: skip


@dataclass
class Planted:
    """The canaries by what they are, and the jobs that had them."""

    platform: Platform
    api: httpx.Client
    canaries: dict[str, str] = field(default_factory=dict)
    job_ids: list[int] = field(default_factory=list)

    def plant(self, what: str) -> str:
        self.canaries[what] = f"canary-{uuid4().hex}"
        return self.canaries[what]

    def look(self, place: str) -> bytes:
        return LOOKS[place](self)


def plant_account(planted: Planted) -> httpx.Client:
    """Open an account, show what opens it in right and wrong places, and return its client."""
    url, canaries = planted.platform.url, planted.canaries
    email, password = f"{uuid4().hex}@example.com", planted.plant("password")
    planted.api.post("/users", json={"email": email, "password": password}).raise_for_status()
    login = {"username": email, "password": password}
    granted = httpx.post(f"{url}/api/v1/auth/token", json=login).raise_for_status().json()
    canaries |= {"access token": granted["access_token"], "refresh token": granted["refresh_token"]}
    session = httpx.post(f"{url}/api/v1/auth/session", json=login, headers={"origin": url})
    canaries["cookie"] = next(iter(session.raise_for_status().cookies.values()))
    wrong = {"username": email, "password": planted.plant("wrong password")}
    assert httpx.post(f"{url}/api/v1/auth/token", json=wrong).status_code == 401
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    user = httpx.Client(base_url=f"{url}/api/v1", headers=bearer, timeout=120)
    canaries["API key"] = user.post("/api-keys", json={"name": "planted"}).raise_for_status().json()["key"]
    user.headers = httpx.Headers({"X-API-Key": canaries["API key"]})
    return user


def plant_platform(planted: Planted) -> None:
    """Take what the platform itself must keep."""
    for name in OWN_KEYS:
        planted.canaries[name] = (planted.platform.home / name).read_text().strip()


def plant_secrets(planted: Planted, user: httpx.Client, plugin: str) -> None:
    by_file, by_variable = planted.plant("secret by file"), planted.plant("secret by variable")
    values = {"TOKEN": f'{by_file} "é"', "PASSWORD": by_variable}
    for name, value in values.items():
        body = {"name": name, "value": value, "plugins": [plugin]}
        made = user.post("/secrets", json=body).raise_for_status().json()
        user.put(f"/secrets/{made['id']}/value", json={"value": value}).raise_for_status()
        # What is refused is not told of either.
        assert user.post("/secrets", json=body).status_code == 409
        assert user.post("/secrets", json=body | {"name": "no name"}).status_code == 422
        assert user.post("/secrets", content=f'{{"value": "{value}'.encode()).status_code == 422


def plant_files(planted: Planted, user: httpx.Client) -> None:
    stored = user.post("/files", content=planted.plant("content of a file")).raise_for_status().json()
    user.get(f"/files/{stored['id']}").raise_for_status()
    user.post("/files", content=planted.canaries["content of a file"], headers={"content-digest": "none"})


def run_jobs(planted: Planted, user: httpx.Client, plugin: str) -> None:
    """Run jobs that print and tell what they know, well and badly, watched live."""
    for how in ("tell", "fail", "write"):
        job = submit(user, plugin, {"how": how, "note": planted.canaries[OF_INPUT]}, max_retries=0)
        planted.job_ids.append(job["id"])
        ticket = user.post("/auth/ws-ticket").raise_for_status().json()["ticket"]
        planted.canaries[f"ticket of {how}"] = ticket
        address = planted.platform.url.replace("http", "ws") + f"/api/v1/ws/jobs/{job['id']}?ticket={ticket}"
        with connect(address, open_timeout=60) as socket:
            frame: dict[str, Any] = {}
            while frame.get("type") != "result":
                frame = json.loads(text := socket.recv(timeout=120))
                assert not any(canary in str(text) for canary in planted.canaries.values())
        done = wait_for_job(user, job["id"])
        assert done["status"] == ("completed" if how == "tell" else "failed"), done
    refused = user.post("/jobs", json={"plugin_name": plugin, "input_data": planted.canaries[OF_INPUT]})
    assert refused.status_code == 400


@pytest.fixture(scope="module")
def planted(platform: Platform) -> Iterator[Planted]:
    platform.wait_worker_ready()
    with platform.api() as api:
        planted, plugin = Planted(platform, api), f"planted-{uuid4().hex[:8]}"
        manifest = {
            "name": plugin, "version": "1", "docker_image": "python:3.11-slim",
            "command": ["python", "-c", PROGRAM],
            "input_schema": {"type": "object"}, "output_schema": {"type": "object"},
            "secrets": [{"name": "TOKEN"}, {"name": "PASSWORD", "via": "environment"}],
        }  # fmt: skip
        api.post("/plugins", json=manifest).raise_for_status()
        planted.plant(OF_INPUT)
        plant_platform(planted)
        with contextlib.closing(plant_account(planted)) as user:
            plant_secrets(planted, user, plugin)
            plant_files(planted, user)
            run_jobs(planted, user, plugin)
        yield planted


def files_below(*folders: Path) -> bytes:
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                found.append(path.read_bytes() if path.is_file() else b"")
    return b"\n".join(found)


def look_at_logs(planted: Planted) -> bytes:
    home = StackHome(path=planted.platform.home)
    return files_below(home.logs, home.scratch) + planted.platform.output.encode()


def look_at_redis(planted: Planted) -> bytes:
    with redis_client(planted.platform) as client:
        reads = {
            b"string": client.get, b"hash": client.hgetall, b"set": client.smembers, b"stream": client.xrange,
            b"list": lambda key: client.lrange(key, 0, -1), b"zset": lambda key: client.zrange(key, 0, -1),
            # Its time was over between the two questions.
            b"none": lambda key: None,
        }  # fmt: skip
        return "\n".join(f"{key} {reads[client.type(key)](key)}" for key in client.scan_iter()).encode()


def look_at_database(planted: Planted) -> bytes:
    home, port = planted.platform.home, listening_port(planted.platform, "postgres")
    dump = [find_binary("pg_dump"), "-h", "127.0.0.1", "-p", str(port), "-U", "satellite", "postgres"]
    environment = os.environ | {"PGPASSWORD": (home / "postgres-password").read_text().strip()}
    return subprocess.run(dump, env=environment, capture_output=True, check=True).stdout


def look_at_files_of_database(planted: Planted) -> bytes:
    return files_below(find_place(StackHome(path=planted.platform.home)).data_dir)


def look_at_answers(planted: Planted) -> bytes:
    api, texts = planted.api, []
    for job_id in planted.job_ids:
        parts = ("", "/logs", "/events", "/attempts", "/timeline", "/explain")
        texts += [api.get(f"/jobs/{job_id}{part}").text for part in parts]
    pages = ("/dead-letters", "/secrets", "/files", "/api-keys", "/audit/export", "/workers", "/users")
    return "\n".join([*texts, *(api.get(page).raise_for_status().text for page in pages)]).encode()


def look_at_events(planted: Planted) -> bytes:
    return "\n".join(planted.api.get(f"/jobs/{job_id}/events").text for job_id in planted.job_ids).encode()


def look_at_processes(planted: Planted) -> bytes:
    assert planted.platform.process is not None
    tree = psutil.Process(planted.platform.process.pid)
    lines = []
    for process in (tree, *tree.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            lines.append(" ".join(process.cmdline()))
    return "\n".join(lines).encode()


LOOKS = {
    "logs": look_at_logs,
    "keys of Redis": look_at_redis,
    "files of Redis": lambda planted: files_below(planted.platform.home / "redis"),
    "database": look_at_database,
    "files of the database": look_at_files_of_database,
    "metrics": lambda planted: planted.platform.metrics().encode(),
    "files of metrics": lambda planted: files_below(planted.platform.home / "metrics"),
    "state of workers": lambda planted: files_below(planted.platform.home / "workers"),
    "answers": look_at_answers,
    "events": look_at_events,
    "processes": look_at_processes,
}
SEEN = {
    "logs": b"worker ready",
    "keys of Redis": CONTROL.encode(),
    "files of Redis": CONTROL.encode(),
    "database": CONTROL.encode(),
    "files of the database": CONTROL.encode(),
    "metrics": b"satellite_",
    "files of metrics": b"satellite_",
    "state of workers": b"",
    "answers": CONTROL.encode(),
    "events": CONTROL.encode(),
    "processes": b"analysis_server",
}
"""What each look finds when it looks at the right place."""
THEIR_OWN = {"files of Redis": {"redis-password"}}
"""Where something of the platform's own is kept, readable by its user alone."""


@pytest.mark.parametrize("place", LOOKS)
def test_none_is_anywhere_it_must_not_be(planted: Planted, place: str) -> None:
    there = planted.look(place)
    found = {
        what for what, canary in planted.canaries.items() if any(form in there for form in forms_of([canary]))
    }

    assert SEEN[place] in there
    allowed = {OF_INPUT} if place in MAY_HOLD_INPUT else set()
    assert found - allowed - THEIR_OWN.get(place, set()) == set()


def test_what_the_jobs_told_is_masked_and_nothing_is_left_in_memory(planted: Planted) -> None:
    told = planted.api.get(f"/jobs/{planted.job_ids[0]}").json()
    failed = planted.api.get(f"/jobs/{planted.job_ids[1]}").json()
    log = planted.api.get(f"/jobs/{planted.job_ids[0]}/logs").text
    stack_id = StackHome(path=planted.platform.home).stack_id

    assert told["result"]["told"] == "*** ***"
    assert failed["error"]["message"].endswith("cannot log in by *** ***")
    assert log.count("***") >= 10
    assert json.dumps(failed).count("***") > 2
    folder = SecretPlace(stack_id=stack_id).path
    wait_until(lambda: not list(folder.rglob("secrets/*")))
