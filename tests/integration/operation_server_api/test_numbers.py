"""Whatever number is sent: it is refused with its place, or all that follows can go on with it."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import DispatchedJob
from operation_server.main import create_app
from operation_server.settings import AuthSettings, FileSettings, OperationSettings, SecretSettings
from satellite.contracts.job import JobMessage
from satellite.contracts.numbers import LARGEST_MIB
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.task_names import cluster_queue, shared_queue
from satellite.contracts.worker import GPUCard, WorkerResources
from satellite.testing import heartbeat_of
from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, log_in
from tests.integration.operation_server_api.numeric_fields import NumericField, find_fields
from tests.integration.transitions.seed import capacity_of, dispatch

NO_NUMBERS = ("true", "false", '"4"', '"1e3"', "NaN", "Infinity", "-Infinity", "[]", "{}")
BEYOND_ALL = (str(2**63), str(2**64), str(-(2**63) - 1), "1" + "0" * 30, "1e308", "1e400", "-1e308")
DOUBTFUL = ("0", "-0.0", "-1", "1", "1.0", "0.5", "1.5", "1e-300", "0.0004", "1e3", "64.001", str(2**63 - 1))

HUGE_WORKER = heartbeat_of(
    slots=100_000,
    queues=[shared_queue("default", with_gpu=with_gpu) for with_gpu in (False, True)],
    total=WorkerResources(cpus=1e9, memory_mib=2**40),
    cards=[GPUCard(uuid=f"GPU-{number}", memory_mib=2**40) for number in range(1_000)],
)
HUGE_CLUSTER = heartbeat_of(
    name="cluster-lab",
    runtime="cluster",
    queues=[cluster_queue("lab")],
    slots=10_000,
    cluster={
        "name": "lab",
        "nodes": [{
            "name": "n", "cpus": 256, "memory_mib": LARGEST_MIB,
            "cards": [{"uuid": str(number), "memory_mib": LARGEST_MIB} for number in range(64)],
        }],
    },
)  # fmt: skip
EVERYTHING = capacity_of(HUGE_WORKER, HUGE_CLUSTER)

ROOMY = MANIFEST | {"command": ["python", "main.py"], "timeout_s": 604_800, "retry": {"max_retries": 100}}
"""A plugin whose own limits refuse nothing."""
JOB = {"plugin_name": "adder", "input_data": {"n": 1}}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/plugins"): MANIFEST,
    ("PATCH", "/plugins/{name}/control"): {},
    ("PUT", "/plugins/{name}/owner"): {"owner_id": 1},
    ("PUT", "/plugins/{name}/versions/{version}/report"): {
        **dict.fromkeys(("plugin", "version", "runtime", "manifest_digest"), "x"),
        "tested_at": "2026-11-25T00:00:00Z",
        "checks": [{"check": "start"}],
    },
    ("POST", "/models/{name}/versions"): {"plugin_name": "adder", "files": {"model.onnx": "x"}},
    ("PUT", "/models/{name}/owner"): {"owner_id": 1},
    ("PUT", "/models/{name}/aliases/{alias}"): {"version": 1},
    ("PUT", "/models/{name}/rollout"): {"candidate": 1},
    ("POST", "/models/{name}/versions/{version}/evaluations"): {
        "data_digest": "0" * 64,
        "metrics": {"mae": 1},
    },
    ("PUT", "/models/{name}/gate"): {"metric": "mae", "data_digest": "0" * 64, "at_most": 1},
    ("PUT", "/workflows/{workflow_id}/schedule"): {"every_s": 60},
    ("POST", "/workflows/{workflow_id}/schedule/preview"): {"every_s": 60},
    ("POST", "/workflows/{workflow_id}/backfills"): {
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-02T00:00:00Z",
    },
    ("POST", "/workflows"): {
        "name": "of a test",
        "schedule": {"every_s": 60},
        "settings": {},
        "tasks": [{"name": "load"}],
    },
    ("PUT", "/workflows/{workflow_id}"): {"schedule": {"every_s": 60}, "settings": {}},
    ("PUT", "/workflows/{workflow_id}/definition"): {
        "name": "of a test",
        "schedule": {"every_s": 60},
        "settings": {},
        "tasks": [{"name": "load"}],
    },
    ("POST", "/tasks"): {"workflow_id": 1, "name": "load"},
    ("PUT", "/tasks/{task_id}"): {},
    ("POST", "/jobs/trigger/{workflow_id}"): {},
    ("POST", "/runs/{run_id}/restart"): {},
    ("POST", "/tasks/{task_id}/try"): {},
    ("POST", "/runs/{run_id}/approvals/{task_name}"): {"approved": True},
    ("POST", "/inference/submit"): {"model_name": "doubler", "data": [1]},
    ("POST", "/jobs"): JOB,
    ("POST", "/jobs/batch"): {"jobs": [JOB]},
    ("POST", "/gpu-jobs"): {"command": ["true"]},
    ("POST", "/clusters"): {
        "name": "lab",
        "host": "gpu.example",
        "user": "me",
        "via": {"host": "bastion.example", "user": "me"},
    },
    ("PATCH", "/clusters/{name}"): {"via": {"host": "bastion.example", "user": "me"}},
    ("POST", "/jobs/cancel"): {"ids": [1]},
    ("PATCH", "/notification-channels/{channel_id}"): {},
    ("POST", "/notification-rules"): {"name": "what fails", "kinds": ["job_failed"], "channel_ids": [1]},
    ("PUT", "/notification-rules/{rule_id}"): {"name": "x", "kinds": ["job_failed"], "channel_ids": [1]},
    ("POST", "/users"): {"email": "ada@example.com", "password": "analytical engine"},
    ("PATCH", "/users/{user_id}"): {},
    ("PUT", "/users/{user_id}/password"): {"password": ADMIN["password"]},
    ("PUT", "/users/{user_id}/limits"): {},
    ("POST", "/api-keys"): {"name": "of a test"},
}
"""A body that each operation takes; a new one with a number in its body needs a line here."""

QUOTED = {("POST", "/tasks", ("workflow_id",))}
"""Numbers that may be in quotes, as whoever puts them into a template of JSON leaves them."""
REFERENCES = {("owner_id",), ("workflow_id",), ("version",), ("channel_ids", 0)}
"""Numbers in bodies that name something, which need not exist."""


def _fields() -> dict[tuple[str, str], list[NumericField]]:
    settings = OperationSettings(auth=AuthSettings(secret_key=SecretStr("x" * 32)))
    found = defaultdict(list)
    for field in find_fields(create_app(settings).openapi()):
        found[field.method, field.path.removeprefix("/api/v1")].append(field)
    return found


FIELDS = _fields()
OPERATIONS = [pytest.param(*key, id=" ".join(key)) for key in FIELDS]


class Walker:
    """Puts values into the fields of one operation, and follows what was accepted."""

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        self.client = client
        self.path = path
        self.names = (f"p{number}" for number in itertools.count())
        self.job_ids: set[int] = set()

    async def send(self, field: NumericField, token: str) -> httpx.Response:
        """Send the operation with one number exchanged."""
        places = {
            **dict.fromkeys(("job_id", "key_id", "attempt"), "1"),
            "uid": str(uuid4()),
            # Nobody's limits: those of the walker would be in its own way.
            "user_id": "999" if self.path.endswith("/limits") else "1",
            **dict.fromkeys(("file_id", "upload_id", "secret_id"), "x"),
            "name": "adder",
            **dict.fromkeys(("version", "evaluation_id", "workflow_id", "task_id", "run_id", "number"), "1"),
            "rule_id": "1",
            "task_name": "x",
            "alias": "champion",
        }
        if field.where == "path":
            places[str(field.keys[0])] = token.strip('"')
        query = {str(field.keys[0]): token.strip('"')} if field.where == "query" else {}
        base = self._base(field)
        content = field.body(base, token) if field.where == "body" else json.dumps(base).encode()
        answer = await self.client.request(
            field.method,
            self.path.format_map(places),
            params=query,
            content=content if (field.method, self.path) in BODIES else None,
            headers=self._headers(field, token),
        )
        if self.path == "/users/{user_id}/password" and answer.is_success:
            # It was the walker's own, whose login has ended by it.
            self.client = await log_in(self.client, ADMIN)
        if answer.is_success and field.where == "body":
            await self._follow(answer.json())
        return answer

    def _headers(self, field: NumericField, token: str) -> dict[str, bytes]:
        headers = {"content-type": b"application/json"}
        if "/uploads" in self.path:
            headers |= {"tus-resumable": b"1.0.0", "content-type": b"application/offset+octet-stream"}
        if field.where == "header":
            headers[str(field.keys[0])] = token.strip('"').encode()
        return headers

    def _base(self, field: NumericField) -> dict[str, Any]:
        base = BODIES.get((field.method, self.path), {})
        if field.where == "body":
            assert (field.method, self.path) in BODIES, f"no body to send to {field.method} {self.path}"
        if self.path == "/plugins" and field.method == "POST":
            base = base | {"name": next(self.names)}
            if field.keys != ("standby",):
                base |= {"mode": "server", "batch": {"max_size": 8}}
            if field.keys == ("replicas",):
                base |= {"resources": {"gpus": 1}}
            if field.keys[-1] in {"tmp_mib", "shm_mib"}:
                # They count as memory and have to fit into it.
                base |= {"resources": {"memory_mib": 2**20}}
        if "cluster" in field.keys and self.path in {"/jobs", "/jobs/batch"}:
            job = JOB | {"requires": {"runtime": "cluster", "cluster": {}}}
            base = job if self.path == "/jobs" else {"jobs": [job]}
        if self.path == "/users" and field.method == "POST":
            base = base | {"email": f"{next(self.names)}@example.com"}
        return base

    async def _follow(self, made: dict[str, Any]) -> None:
        """Submit a job of an accepted plugin, and remember accepted jobs."""
        if self.path == "/plugins":
            shown = await self.client.get(f"/plugins/{made['name']}")
            assert shown.status_code == 200, shown.text
            job = {"plugin_name": made["name"], "input_data": {"n": 1}}
            answer = await self.client.post("/jobs", json=job)
            assert answer.status_code == 202, answer.text
            self.job_ids.add(answer.json()["id"])
        elif self.path == "/jobs":
            self.job_ids.add(made["id"])
        elif self.path == "/jobs/batch":
            self.job_ids.update(made["ids"])

    async def go_on(self, engine: AsyncEngine) -> None:
        """Read, list, explain and dispatch all that there is."""
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET created_at = now()"))
        for path in ("/jobs?limit=200", "/plugins?limit=200", "/users?limit=200"):
            answer = await self.client.get(path)
            assert answer.status_code == 200, answer.text
        for job_id in self.job_ids:
            await self._read(job_id)
        sent = await dispatch(engine, capacity=EVERYTHING, limit=10_000)
        # Asked after the dispatch: a job that is not over now was not over then.
        waiting = {job_id for job_id in self.job_ids if not await self._is_over(job_id)}
        assert waiting <= {job.job_id for job in sent}
        for job in sent:
            check_message(job)

    async def _read(self, job_id: int) -> None:
        for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/explain", f"/jobs/{job_id}/timeline"):
            answer = await self.client.get(path)
            assert answer.status_code == 200, answer.text

    async def _is_over(self, job_id: int) -> bool:
        job = (await self.client.get(f"/jobs/{job_id}")).json()
        expires_at = job["expires_at"]
        return expires_at is not None and datetime.fromisoformat(expires_at) < datetime.now(UTC)


def check_message(job: DispatchedJob) -> None:
    """Make the message of an attempt and read its manifest, as publisher and worker do."""
    JobMessage(
        job_id=job.job_id,
        attempt=job.attempt,
        owner_id=job.owner_id,
        plugin_digest=job.plugin.digest,
        manifest_json=job.plugin.manifest_json,
        input_json=job.input_json,
        timeout_s=job.timeout_s,
    )
    PluginManifest.model_validate_json(job.plugin.manifest_json)


def check_refusal(answer: httpx.Response, field: NumericField) -> None:
    """Check that a refusal says where the bad number stands."""
    assert answer.status_code in {400, 422}, answer.text
    problem = answer.json()
    if problem["errors"][0]["message"].startswith("not valid JSON"):
        return
    if field.where == "body":
        assert field.pointer in {error["pointer"] for error in problem["errors"]}
    else:
        assert f"{field.where} {field.keys[0]}" in problem["errors"][0]["message"]


def is_within(field: NumericField, token: str) -> bool:
    """Tell whether a token is a number of the field's type and range."""
    try:
        value = json.loads(token)
    except ValueError:
        return False
    least, most = field.bounds
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    is_of_type = field.schema["type"] == "number" or value == int(value)
    return is_of_type and (least is None or value >= least) and (most is None or value <= most)


@pytest.fixture
def settings(settings: OperationSettings, tmp_path: Path) -> OperationSettings:
    """With a storage and a key, or uploads and clusters are refused before anybody looks at their numbers."""
    key = SecretStr("a key-encryption key of more than thirty-two characters")
    parts = {"files": FileSettings(storage_url=tmp_path.as_uri()), "secrets": SecretSettings(key=key)}
    return settings.model_copy(update=parts)


@pytest.fixture
async def walker_parts(admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """An admin's client, and a plugin with a job and a channel whose ids are 1."""
    assert (await admin.post("/plugins", json=ROOMY)).status_code == 201
    hook = {"name": "ops", "kind": "webhook", "address": "https://example.com/hook"}
    assert (await admin.post("/notification-channels", json=hook)).json()["id"] == 1
    job = await admin.post("/jobs", json=JOB)
    assert job.json()["id"] == 1
    return admin


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_any_number_is_refused_or_can_be_lived_with(
    method: str, path: str, walker_parts: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    walker = Walker(walker_parts, path)
    for field in FIELDS[method, path]:
        assert None not in field.bounds, f"{field.pointer} has no range"
        taken = []
        for token in (*NO_NUMBERS, *BEYOND_ALL, *DOUBTFUL, *field.ends):
            answer = await walker.send(field, token)
            assert answer.status_code < 500, (field.keys, token, answer.text)
            if answer.status_code in {400, 422}:
                check_refusal(answer, field)
            else:
                plain = token.strip('"') if (method, path, field.keys) in QUOTED else token
                assert field.where != "body" or is_within(field, plain), (field.keys, token, answer.text)
                taken.append(token)
        assert field.keys in REFERENCES or set(field.ends) <= set(taken), (field.keys, taken)
    await walker.go_on(engine)


def test_numbers_are_found_in_all_places() -> None:
    found = {(field.where, field.pointer) for fields in FIELDS.values() for field in fields}

    assert {
        ("body", "/resources/cpus"),
        ("body", "/max_running"),
        ("body", "/batch/max_size"),
        ("body", "/jobs/0/priority"),
        ("body", "/ids/0"),
        ("path", "/job_id"),
        ("query", "/skip"),
    } <= found


@pytest.mark.parametrize(
    ("path", "parameter", "form"),
    [
        ("/jobs", "cursor", "{}"),
        ("/jobs/1/events", "after", "{}-0:0"),
        ("/jobs/1/events", "after", "0-{}:0"),
        ("/jobs/1/events", "after", "0-0:{}"),
    ],
)
async def test_numbers_inside_of_text_are_refused(
    path: str, parameter: str, form: str, walker_parts: httpx.AsyncClient
) -> None:
    for token in (str(2**63), "1" + "0" * 30, "9" * 5_000, "-1", "1.5", "NaN", "0x10", "٣"):
        answer = await walker_parts.get(path, params={parameter: form.format(token)})
        assert answer.status_code == 422, (token, answer.text)
        answer = await walker_parts.get(path, headers={"Last-Event-ID": form.format(token).encode()})
        assert answer.status_code == (422 if parameter == "after" else 200), (token, answer.text)


async def test_a_preference_never_fails_a_request(walker_parts: httpx.AsyncClient) -> None:
    await walker_parts.post("/jobs/1/cancel")
    for wait in ("0", "-1", "1.5", "NaN", str(2**64), "9" * 5_000):
        answer = await walker_parts.get("/jobs/1", headers={"Prefer": f"wait={wait}"})
        assert answer.status_code == 200, wait
