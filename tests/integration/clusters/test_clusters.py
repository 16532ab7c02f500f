"""Clusters: who registers, trusts, drains and deletes them, and what connectors are told and tell."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_ssh_private_key,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.clusters import repository
from operation_server.clusters.ssh_keys import fingerprint_of, make_pair, read_pair
from operation_server.metrics.repository import count_jobs
from satellite.contracts.task_names import cluster_queue
from tests.integration.clusters.conftest import BODY, HOST_KEY, Connector, make_host_key, node_of
from tests.integration.operation_server_api.conftest import set_job

SEEN = [{"host": BODY["host"], "port": 22, "key": HOST_KEY}]


async def trust(client: httpx.AsyncClient, key: str, name: str = "lab") -> httpx.Response:
    return await client.post(f"/clusters/{name}/trust", json={"fingerprint": fingerprint_of(key)})


async def test_a_cluster_is_registered_confirmed_drained_and_deleted(
    admin: httpx.AsyncClient, user: httpx.AsyncClient, connector: Connector, engine: AsyncEngine
) -> None:
    made = await admin.post("/clusters", json=BODY)
    assert made.status_code == 201, made.text
    cluster = made.json()
    assert (cluster["state"], cluster["is_trusted"]) == ("unconfirmed", False)
    assert cluster["authorized_key"].startswith("restrict ssh-ed25519 ")
    assert "PRIVATE" not in made.text

    given, keys = await connector.ask()
    assert [spec.name for spec in given.clusters] == ["lab"]
    assert not given.clusters[0].trusted
    assert given.clusters[0].labels == {"cluster": "lab"}
    private = load_ssh_private_key(keys["lab"].encode(), password=None)
    assert isinstance(private, Ed25519PrivateKey)

    await connector.report(state="unconfirmed", nodes=[], seen_host_keys=SEEN)
    [shown] = (await user.get("/clusters/lab")).json()["host_keys"]
    assert shown == {
        "host": BODY["host"],
        "port": 22,
        "kind": "ssh-ed25519",
        "fingerprint": fingerprint_of(HOST_KEY),
        "is_confirmed": False,
    }
    refused = await trust(admin, make_host_key())
    assert (refused.status_code, refused.json()["code"]) == (409, "host_key_not_seen")
    assert fingerprint_of(HOST_KEY) in refused.json()["detail"]
    assert (await trust(admin, HOST_KEY)).json()["is_trusted"]

    told = await connector.report(nodes=[node_of(held=1)], generation=1)
    given, _ = await connector.ask()
    assert given.clusters[0].trusted
    assert given.clusters[0].host_keys == [HOST_KEY]
    assert told["generation"] == given.clusters[0].generation == 2
    ready = (await user.get("/clusters")).json()["items"][0]
    assert (ready["state"], ready["cards"], ready["cards_free"], ready["is_reporting"]) == (
        "ready",
        2,
        1,
        True,
    )

    assert (await admin.post("/clusters/lab/drain")).json()["is_draining"]
    assert (await connector.ask())[0].clusters[0].draining
    assert not (await admin.post("/clusters/lab/resume")).json()["is_draining"]
    before = (await connector.report())["probe"]
    assert (await admin.post("/clusters/lab/probe")).status_code == 202
    assert (await connector.report())["probe"] == before + 1
    assert (await admin.delete("/clusters/lab")).status_code == 204
    assert (await admin.get("/clusters/lab")).status_code == 404
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM secrets")) == 0
    actions = [entry["action"] for entry in (await admin.get("/audit")).json()["items"]]
    for action in ("create", "trust", "drain", "resume", "delete", "give"):
        assert f"cluster.{action}" in actions


async def test_only_admins_manage_them_and_everybody_sees_them(
    lab: dict[str, Any], user: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    for refused in (
        await user.post("/clusters", json=BODY | {"name": "mine"}),
        await user.patch("/clusters/lab", json={"slots": 1}),
        await user.delete("/clusters/lab"),
        await trust(user, HOST_KEY),
        *[await user.post(f"/clusters/lab/{act}") for act in ("probe", "drain", "resume")],
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "admin_required")
    for shown in ("", "/lab", "/lab/nodes", "/lab/jobs", "/lab/events"):
        assert (await user.get(f"/clusters{shown}")).status_code == 200
        assert (await stranger.get(f"/clusters{shown}")).status_code == 401


async def test_a_changed_host_key_is_trusted_by_nobody_until_an_admin_says_so(
    lab: dict[str, Any], admin: httpx.AsyncClient, connector: Connector
) -> None:
    changed = make_host_key()
    told = await connector.report(
        state="untrusted", nodes=[], seen_host_keys=[{"host": BODY["host"], "port": 22, "key": changed}]
    )
    cluster = (await admin.get("/clusters/lab")).json()
    assert (cluster["state"], cluster["is_trusted"]) == ("untrusted", False)
    assert "host key changed" in cluster["reason"]
    assert told["generation"] == lab["generation"] + 1
    # Nor is it once the host shows its old key again: somebody was in between.
    await connector.report(seen_host_keys=SEEN)
    assert not (await connector.ask())[0].clusters[0].trusted
    assert (await trust(admin, HOST_KEY)).json()["is_trusted"]

    await connector.report(
        state="untrusted", nodes=[], seen_host_keys=[{"host": BODY["host"], "port": 22, "key": changed}]
    )
    assert (await trust(admin, changed)).json()["is_trusted"]
    assert (await connector.ask())[0].clusters[0].host_keys == [changed]
    states = [event["state"] for event in (await admin.get("/clusters/lab/events")).json()["items"]]
    assert states.count("untrusted") == 2


async def test_both_hosts_on_the_way_are_confirmed(admin: httpx.AsyncClient, connector: Connector) -> None:
    via = {"host": "bastion.example", "user": "jump"}
    assert (await admin.post("/clusters", json=BODY | {"via": via})).status_code == 201
    bastion = make_host_key()
    await connector.report(
        state="unconfirmed", seen_host_keys=[{"host": "bastion.example", "port": 22, "key": bastion}]
    )
    assert not (await trust(admin, bastion)).json()["is_trusted"]
    spec = (await connector.ask())[0].clusters[0]
    assert spec.via is not None
    assert (spec.via.host_keys, spec.host_keys, spec.trusted) == ([bastion], [], False)
    # A later report shows the host behind it, and not the bastion again.
    await connector.report(state="unconfirmed", seen_host_keys=SEEN)
    assert (await trust(admin, HOST_KEY)).json()["is_trusted"]


async def test_known_host_keys_need_no_fingerprint(admin: httpx.AsyncClient, connector: Connector) -> None:
    made = await admin.post("/clusters", json=BODY | {"host_keys": [f"{HOST_KEY} root@gpu"]})
    assert made.json()["is_trusted"]
    assert (await connector.ask())[0].clusters[0].host_keys == [HOST_KEY]


async def test_an_older_report_does_not_undo_what_an_admin_did(
    lab: dict[str, Any], admin: httpx.AsyncClient, connector: Connector
) -> None:
    await connector.report(state="refused", reason="no such user", generation=lab["generation"])
    assert (await admin.patch("/clusters/lab", json={"user": "other"})).json()["state"] == "unreachable"
    await connector.report(state="refused", reason="no such user", generation=lab["generation"])
    assert (await admin.get("/clusters/lab")).json()["state"] == "unreachable"


async def test_a_cluster_is_changed(
    lab: dict[str, Any], admin: httpx.AsyncClient, connector: Connector
) -> None:
    changed = await admin.patch(
        "/clusters/lab", json={"slots": 8, "labels": {"zone": "b"}, "python": "python3.11"}
    )
    assert changed.status_code == 200, changed.text
    spec = (await connector.ask())[0].clusters[0]
    assert (spec.slots, spec.labels, spec.python) == (8, {"zone": "b", "cluster": "lab"}, "python3.11")
    assert spec.trusted
    moved = await admin.patch("/clusters/lab", json={"host": "other.example"})
    assert (moved.json()["is_trusted"], moved.json()["state"]) == (False, "unconfirmed")
    before = (await connector.ask())[1]["lab"]
    pair = make_pair()
    replaced = await admin.patch("/clusters/lab", json={"private_key": pair.private_key})
    assert pair.public_key in replaced.json()["authorized_key"]
    assert pair.private_key not in replaced.text
    after = (await connector.ask())[1]["lab"]
    # The form of OpenSSH has random bytes in it: the key itself is compared.
    assert read_pair(after).public_key == pair.public_key != read_pair(before).public_key


async def test_one_with_active_jobs_stays(
    lab: dict[str, Any], gpu_job: None, admin: httpx.AsyncClient, user: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    job = (await user.post("/gpu-jobs", json={"command": ["true"]})).json()
    await set_job(engine, job["id"], f"dispatched_at = now(), attempt = 1, queue = '{cluster_queue('lab')}'")
    for refused in (
        await admin.delete("/clusters/lab"),
        await admin.patch("/clusters/lab", json={"host": "other.example"}),
        await admin.patch("/clusters/lab", json={"base_dir": "/elsewhere"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "cluster_in_use")
    [active] = (await user.get("/clusters/lab/jobs")).json()["items"]
    assert (active["job_id"], active["status"]) == (job["id"], "queued")
    await set_job(engine, job["id"], "status = 'completed'")
    assert (await admin.delete("/clusters/lab")).status_code == 204


def locked_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()


def small_key() -> str:
    key = generate_private_key(public_exponent=65537, key_size=1024)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


REFUSED: list[dict[str, Any]] = [
    {"host": "-oProxyCommand=id"},
    {"host": "a b"},
    {"host": "gpu.example\n"},
    {"host": ""},
    {"user": "-l"},
    {"user": "root;id"},
    {"port": 0},
    {"port": "22"},
    {"name": "../x"},
    {"name": "Lab"},
    {"base_dir": "relative"},
    {"base_dir": "/srv/../etc"},
    {"base_dir": "/"},
    {"base_dir": "~"},
    {"base_dir": "/a\nb"},
    {"allowed_roots": ["code"]},
    {"allowed_roots": ["/srv/../.."]},
    {"python": "python3; id"},
    {"python": "-c"},
    {"launcher": "pbs"},
    {"slots": 0},
    {"keep_days": -1},
    {"labels": {"cluster": "other"}},
    {"host_keys": ["ssh-ed25519 AAAA"]},
    {"via": {"host": "-J", "user": "x"}},
    {"private_key": "no key"},
    {"private_key": locked_key()},
    {"private_key": small_key()},
    {"unknown": 1},
]


async def test_what_is_no_cluster_is_refused(admin: httpx.AsyncClient) -> None:
    for changes in REFUSED:
        refused = await admin.post("/clusters", json=BODY | changes)
        assert refused.status_code == 422, (changes, refused.text)
        if "private_key" in changes:
            assert changes["private_key"] not in refused.text
    assert (await admin.get("/clusters")).json()["total"] == 0


async def test_a_name_is_given_once(lab: dict[str, Any], admin: httpx.AsyncClient) -> None:
    again = await admin.post("/clusters", json=BODY)
    assert (again.status_code, again.json()["code"]) == (409, "cluster_exists")


async def test_they_are_counted_by_state(lab: dict[str, Any], engine: AsyncEngine) -> None:
    async def counted() -> dict[str, int]:
        async with engine.connect() as connection:
            return dict((await count_jobs(connection)).clusters)

    assert (lab["state"], await counted()) == ("ready", {"ready": 1})
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE clusters SET reported_at = now() - interval '2 min'"))
    assert await counted() == {"silent": 1}
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE clusters SET state = 'refused'"))
    assert await counted() == {"refused": 1}


async def test_its_key_is_no_secret_of_users(
    lab: dict[str, Any], admin: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    async with engine.connect() as connection:
        secret_id = await connection.scalar(text("SELECT id FROM secrets"))
    assert (await admin.get("/secrets")).json() == {"total": 0, "items": []}
    for refused in (
        await admin.delete(f"/secrets/{secret_id}"),
        await admin.put(f"/secrets/{secret_id}/value", json={"value": "a new value of mine"}),
        await admin.put(f"/secrets/{secret_id}/plugins/gpu-job"),
    ):
        assert refused.status_code == 404


async def test_only_who_has_the_token_reports(lab: dict[str, Any], connector: Connector) -> None:
    for path in ("", "/report", "/jobs"):
        refused = await connector.post(f"/api/v1/worker/clusters{path}", b"{}", token="x" * 40)
        assert (refused.status_code, refused.json()["code"]) == (401, "signature_refused")


async def test_a_cluster_that_was_deleted_is_reported_no_more(connector: Connector) -> None:
    refused = await connector.post(
        "/api/v1/worker/clusters/report",
        b'{"name": "gone", "state": "ready", "seen_at": "2026-01-02T03:04:05Z"}',
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "cluster_not_found")


async def test_there_is_an_end_to_events(
    lab: dict[str, Any], admin: httpx.AsyncClient, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "EVENTS_MAX", 3)
    for _ in range(4):
        for state in ("unreachable", "ready"):
            await connector.report(state=state, reason="a line")
    page = (await admin.get("/clusters/lab/events")).json()
    assert [event["state"] for event in page["items"]] == ["ready", "unreachable", "ready"]


async def test_who_wants_to_know_is_told_of_changes_once_in_a_while(
    lab: dict[str, Any], connector: Connector, database_url: str
) -> None:
    for state in ("unreachable", "ready", "unreachable", "refused"):
        await connector.report(state=state, reason="a line")
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        raised = connection.execute(
            "SELECT kind, about, data ->> 'reason' FROM notification_signals WHERE kind LIKE 'cluster%'"
        ).fetchall()
    assert sorted(raised) == [
        # When it was first reached; what came within ten minutes is not told again.
        ("cluster_ready", lab["name"], ""),
        ("cluster_unreachable", lab["name"], "a line"),
    ]


async def test_without_a_key_none_is_registered(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = admin._transport.app.state.services  # type: ignore[attr-defined]
    from operation_server.clusters.service import ClusterService
    from operation_server.secrets.key_ring import KeyRing
    from operation_server.settings import SecretSettings

    monkeypatch.setattr(services[ClusterService], "_ring", KeyRing.of(SecretSettings(key=None)))
    refused = await admin.post("/clusters", json=BODY)
    assert (refused.status_code, refused.json()["code"]) == (503, "secrets_not_set_up")
