"""An API that keeps clusters, and what their connectors ask and tell, which is all that a test plays."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from operation_server.clusters.ssh_keys import fingerprint_of
from operation_server.settings import ApiSettings, OperationSettings, SecretSettings
from satellite.contracts import redis_keys
from satellite.contracts.cluster import (
    CLUSTERS_PATH,
    JOB_REPORT_PATH,
    REPORT_PATH,
    ClusterReport,
    ClustersRequest,
    SealedClusters,
    context_of,
)
from satellite.contracts.run_secrets import SIGNATURE_HEADER, salt_of, sign
from satellite.contracts.task_names import cluster_queue
from satellite.contracts.worker import WorkerHeartbeat
from satellite.testing import heartbeat_of
from tests.integration.operation_server_api.conftest import admin, other, stranger, user
from tests.integration.operation_server_api.conftest import settings as settings_without_keys

__all__ = ["admin", "other", "settings_without_keys", "stranger", "user"]

TOKEN = secrets.token_hex(32)
KEY = secrets.token_hex(32)
GPU_JOB_MANIFEST = json.loads(Path("plugins/gpu-job/plugin.json").read_text())
BODY: dict[str, Any] = {"name": "lab", "host": "gpu.example", "user": "satellite", "base_dir": "/srv/ml-jobs"}
CARD = {"uuid": "GPU-1", "name": "NVIDIA A100", "memory_mib": 40_000}


def make_host_key() -> str:
    """Return a public key that a host could have."""
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


HOST_KEY = make_host_key()


def node_of(name: str = "gpu-1", *, cards: int = 2, held: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a node, some of whose cards are held."""
    has = [
        CARD | {"uuid": f"GPU-{name}-{index}", "holder": "job 1" if index < held else None}
        for index in range(cards)
    ]
    return {"name": name, "cpus": 32, "memory_mib": 256_000, "cards": has, **fields}


def report_of(name: str = "lab", **changes: Any) -> ClusterReport:
    """Return the report of a cluster that answers and is idle."""
    fields: dict[str, Any] = {
        "name": name,
        "generation": 1_000,
        "state": "ready",
        "nodes": [node_of()],
        "disk_free_mib": 100_000,
        "disk_total_mib": 200_000,
        "seen_at": datetime.now(UTC),
    }
    return ClusterReport.model_validate(fields | changes)


def beat_of(name: str = "lab", *, labels: dict[str, str] | None = None, **report: Any) -> WorkerHeartbeat:
    """Return the heartbeat of a cluster's worker."""
    return heartbeat_of(
        name=f"cluster-{name}",
        runtime="cluster",
        runtimes=["cluster"],
        labels={**(labels or {}), "cluster": name},
        queues=[cluster_queue(name)],
        slots=64,
        cluster=report_of(name, **report).room,
    )


class Connector:
    """What a connector asks of the API."""

    def __init__(self, client: httpx.AsyncClient, redis: Any) -> None:
        self._client = client
        self._redis = redis

    async def post(self, path: str, body: bytes, *, token: str = TOKEN) -> httpx.Response:
        headers = {SIGNATURE_HEADER: sign(token, "POST", path, body), "Content-Type": "application/json"}
        return await self._client.post(f"http://satellite{path}", content=body, headers=headers)

    async def report(self, name: str = "lab", **changes: Any) -> dict[str, Any]:
        answer = await self.post(REPORT_PATH, report_of(name, **changes).model_dump_json().encode())
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def report_job(self, **fields: Any) -> bool:
        body = orjson.dumps(
            {"worker": "cluster-lab", "cluster": "lab", "seen_at": datetime.now(UTC), **fields}
        )
        answer = await self.post(JOB_REPORT_PATH, body)
        assert answer.status_code == 200, answer.text
        taken: bool = answer.json()["taken"]
        return taken

    async def ask(self) -> tuple[SealedClusters, dict[str, str]]:
        """Return the clusters, and their private keys opened."""
        own = X25519PrivateKey.generate()
        public = base64.b64encode(own.public_key().public_bytes_raw()).decode()
        request = ClustersRequest(worker="connector-1", public_key=public)
        answer = await self.post(CLUSTERS_PATH, request.model_dump_json().encode())
        assert answer.status_code == 200, answer.text
        given = SealedClusters.model_validate_json(answer.content)
        context = context_of(request, given.public_key)
        shared = own.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(given.public_key)))
        key = HKDF(SHA256(), length=32, salt=salt_of(TOKEN), info=context).derive(shared)
        sealed = base64.b64decode(given.sealed)
        return given, json.loads(AESGCM(key).decrypt(sealed[:12], sealed[12:], context))

    async def live(self, *beats: WorkerHeartbeat) -> None:
        """Let heartbeats be seen."""
        for beat in beats:
            await self._redis.sadd(redis_keys.WORKERS, beat.name)
            await self._redis.set(redis_keys.worker(beat.name), beat.model_dump_json(), ex=600)


@pytest.fixture
def settings(settings_without_keys: OperationSettings) -> OperationSettings:
    keys = {"secrets": SecretSettings(key=SecretStr(KEY)), "api": ApiSettings(worker_token=SecretStr(TOKEN))}
    return settings_without_keys.model_copy(update=keys)


@pytest.fixture
async def connector(stranger: httpx.AsyncClient, redis_url: str) -> Any:
    from redis.asyncio import Redis

    redis = Redis.from_url(redis_url)
    yield Connector(stranger, redis)
    await redis.aclose()


@pytest.fixture
async def lab(admin: httpx.AsyncClient, connector: Connector) -> dict[str, Any]:
    """A cluster whose host key is confirmed and that is ready."""
    answer = await admin.post("/clusters", json=BODY)
    assert answer.status_code == 201, answer.text
    seen = [{"host": BODY["host"], "port": 22, "key": HOST_KEY}]
    await connector.report(state="unconfirmed", nodes=[], seen_host_keys=seen)
    trusted = await admin.post("/clusters/lab/trust", json={"fingerprint": fingerprint_of(HOST_KEY)})
    assert trusted.status_code == 200, trusted.text
    await connector.report(seen_host_keys=seen)
    cluster: dict[str, Any] = (await admin.get("/clusters/lab")).json()
    return cluster


@pytest.fixture
async def gpu_job(admin: httpx.AsyncClient) -> None:
    """The built-in plugin, registered."""
    answer = await admin.post("/plugins", json=GPU_JOB_MANIFEST)
    assert answer.status_code == 201, answer.text
