"""GPU jobs by the API: what becomes of a request, what is refused, what is shown of a job on a cluster."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from satellite.contracts.task_names import cluster_queue
from tests.integration.clusters.conftest import Connector
from tests.integration.operation_server_api.conftest import MANIFEST, find_uid, set_job

CODE = {"source": "git", "url": "https://git.example/team/resnet.git", "ref": "main"}


async def stored(engine: AsyncEngine, job_id: int) -> Any:
    async with engine.connect() as connection:
        query = text("SELECT input_data, requires, priority, retry, timeout_s FROM jobs WHERE id = :id")
        return (await connection.execute(query, {"id": job_id})).one()


async def submit(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/gpu-jobs", json={"command": ["python", "train.py"], **fields})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


async def put_on_lab(engine: AsyncEngine, job_id: int) -> dict[str, Any]:
    """Let a job be on the cluster, and return what names its attempt."""
    await set_job(
        engine,
        job_id,
        "status = 'processing', attempt = 1, dispatched_at = now(), started_at = now(),"
        f" worker = 'cluster-lab', queue = '{cluster_queue('lab')}'",
    )
    return {"job_id": job_id, "attempt": 1, "uid": str(await find_uid(engine, job_id))}


async def test_a_request_becomes_an_ordinary_job(
    gpu_job: None, user: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    job = await submit(
        user,
        code=CODE,
        gpus=2,
        memory="32G",
        cluster="lab",
        labels={"zone": "a"},
        gpu_kind="A100",
        priority=7,
    )
    row = await stored(engine, job["id"])
    assert job["plugin_name"] == "gpu-job"
    assert row.input_data == {
        "command": ["python", "train.py"],
        "code": CODE,
        "gpus": 2,
        "memory_mib": 32_768,
    }
    assert row.requires == {
        "runtime": "cluster",
        "labels": {"zone": "a"},
        "gpu_kind": "A100",
        "cluster": {"gpus": 2, "memory_mib": 32_768, "name": "lab"},
    }
    assert (row.priority, row.retry["kinds"]) == (7, ["lost", "internal"])


async def test_the_names_of_the_earlier_design_are_taken(
    gpu_job: None, user: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    answer = await user.post(
        "/gpu-jobs",
        json={
            "job_name": "test_job",
            "code_source": "existing",
            "source_path": "/srv/code/model",
            "entry_script": "train.py",
            "script_arguments": "--epochs 10 --title 'two words; $(id)'",
            "gpu_count": 4,
            "environment_variables": {"A": "1"},
        },
    )
    assert answer.status_code == 202, answer.text
    assert (await stored(engine, answer.json()["id"])).input_data == {
        "name": "test_job",
        "code": {"source": "existing", "path": "/srv/code/model"},
        "command": ["python", "train.py", "--epochs", "10", "--title", "two words; $(id)"],
        "gpus": 4,
        "environment": {"A": "1"},
    }


async def test_the_ordinary_door_knows_its_needs_too(
    gpu_job: None, user: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    body = {"plugin_name": "gpu-job", "input_data": {"command": ["nvidia-smi"], "gpus": 3, "disk_mib": 500}}
    single = (await user.post("/jobs", json=body)).json()["id"]
    [of_batch] = (await user.post("/jobs/batch", json={"jobs": [body]})).json()["ids"]
    for job_id in (single, of_batch):
        requires = (await stored(engine, job_id)).requires
        assert requires == {"cluster": {"gpus": 3, "disk_mib": 500}}


async def test_a_key_gives_the_first_job_again(gpu_job: None, user: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [
        await user.post("/gpu-jobs", json={"command": ["true"], "gpus": gpus}, headers=headers)
        for gpus in (1, 1, 2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 409]
    assert answers[0].json()["id"] == answers[1].json()["id"]


async def test_any_plugin_with_a_command_runs_on_a_cluster(
    user: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    manifest = MANIFEST | {"command": ["python", "main.py"]}
    assert (await user.post("/plugins", json=manifest)).status_code == 201
    assert (await user.post("/plugins", json=MANIFEST | {"name": "image-only"})).status_code == 201
    body = {"plugin_name": "adder", "version": "1.0.0", "input_data": {"n": 1}}
    answer = await user.post("/gpu-jobs", json=body | {"gpus": 1, "cluster": "lab"})
    assert answer.status_code == 202, answer.text
    row = await stored(engine, answer.json()["id"])
    assert row.requires == {"runtime": "cluster", "cluster": {"gpus": 1, "name": "lab"}}
    assert row.input_data == {"n": 1}
    foreign = await user.post("/gpu-jobs", json=body | {"command": ["true"]})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "not_on_clusters")
    without = await user.post("/gpu-jobs", json={"plugin_name": "image-only", "input_data": {"n": 1}})
    assert without.status_code == 400
    assert "say their command" in without.json()["errors"][0]["message"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"command": []}, "/command"),
    ({"command": [""]}, ""),
    ({"command": ["a\x00b"]}, "/command/0"),
    ({"command": "python train.py"}, "/command"),
    ({"code": {"source": "git", "url": "file:///etc"}}, "/code/git/url"),
    ({"code": {"source": "git", "url": "https://u:p@git.example/x"}}, "/code/git/url"),
    ({"code": {"source": "git", "url": "ext::sh -c id"}}, "/code/git/url"),
    ({"code": CODE | {"ref": "--upload-pack=id"}}, "/code/git/ref"),
    ({"code": CODE | {"ref": "a..b"}}, "/code/git/ref"),
    ({"code": {"source": "existing", "path": "/srv/../etc"}}, "/code/existing/path"),
    ({"code": {"source": "existing", "path": "srv"}}, "/code/existing/path"),
    ({"code": {"source": "svn"}}, "/code"),
    ({"gpus": -1}, "/gpus"),
    ({"gpus": 1.5}, "/gpus"),
    ({"memory": "much"}, "/memory"),
    ({"environment": {"A=B": "1"}}, "/environment"),
    ({"environment": {"A": "x\x00"}}, "/environment/A"),
    ({"environment": {"LD_PRELOAD": "x.so"}}, ""),
    ({"environment": {"JOB_ID": "7"}}, ""),
    ({"environment": {"TOKEN": "x"}, "secrets": ["TOKEN"]}, ""),
    ({"requirements": "../requirements.txt"}, "/requirements"),
    ({"data": {"../x": {"$file": "f"}}}, "/data"),
    ({"data": {"/x": {"$file": "f"}}}, "/data"),
    ({"data": {"a\nb": {"$file": "f"}}}, "/data"),
    ({"data": {"x": {"$file": "f", "y": 1}}}, "/data"),
    ({"data": {"x": {"$file": "f"}, "x/y": {"$file": "f"}}}, ""),
    ({"entry_script": "train.py"}, ""),
    ({"cluster": "../lab"}, "/cluster"),
    ({"unknown": 1}, "/unknown"),
]


async def test_what_is_no_gpu_job_is_refused(gpu_job: None, user: httpx.AsyncClient) -> None:
    for fields, pointer in REFUSED:
        refused = await user.post("/gpu-jobs", json={"command": ["true"], **fields})
        assert refused.status_code in {400, 422}, (fields, refused.text)
        places = [error["pointer"] for error in refused.json()["errors"]]
        assert any(place.startswith(pointer) for place in places), (fields, places)
    assert (await user.get("/jobs")).json()["total"] == 0


async def test_a_file_of_somebody_else_is_no_input(
    gpu_job: None, user: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    refused = await user.post(
        "/gpu-jobs",
        json={"command": ["true"], "data": {"rows.csv": {"$file": "3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d"}}},
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "input_files_missing")


async def test_secrets_of_the_owner_alone_are_given_by_name(
    gpu_job: None, user: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    secret = {"name": "TOKEN", "value": "canary-of-a-secret-1", "plugins": ["gpu-job"]}
    body = {"command": ["true"], "secrets": ["TOKEN"]}
    assert (await admin.post("/secrets", json=secret | {"for_all": True})).status_code == 201
    refused = await user.post("/gpu-jobs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "secrets_missing")
    batch = {"plugin_name": "gpu-job", "input_data": body}
    assert (await user.post("/jobs/batch", json={"jobs": [batch]})).json()["code"] == "batch_invalid"
    assert (await user.post("/secrets", json=secret)).status_code == 201
    assert (await user.post("/gpu-jobs", json=body)).status_code == 202


@pytest.mark.usefixtures("lab", "gpu_job")
async def test_what_a_connector_tells_of_a_job_is_shown(
    user: httpx.AsyncClient, other: httpx.AsyncClient, connector: Connector, engine: AsyncEngine
) -> None:
    job = await submit(user)
    url = f"/jobs/{job['id']}"
    key = await put_on_lab(engine, job["id"])
    assert (await user.get(f"{url}/workspace")).status_code == 404
    assert (await user.get(f"{url}/metrics")).json() == {"attempt": None, "total": 0, "items": []}
    digest = hashlib.sha256(b"x").hexdigest()
    assert await connector.report_job(
        **key,
        folder="/srv/ml-jobs/1-1-x; rm -rf ~",
        phase="running",
        process_id="4711",
        gpus=["GPU-1"],
        files=[{"path": "metrics.json", "size_bytes": 1, "sha256": digest}],
        metrics_json='{"step": 1, "loss": 0.5}',
    )
    assert await connector.report_job(**key, metrics_json='{"step": 2, "loss": 0.25}', commit="a" * 40)

    [folder] = (await user.get(f"{url}/workspace")).json()["items"]
    assert (folder["cluster"], folder["phase"], folder["commit"]) == ("lab", "running", "a" * 40)
    assert folder["look_by"].startswith("ssh -p 22 satellite@gpu.example ")
    assert "'\"'\"'/srv/ml-jobs/1-1-x; rm -rf ~'\"'\"'" in folder["look_by"]
    [file] = (await user.get(f"{url}/files")).json()["items"]
    assert (file["path"], file["place"], file["sha256"]) == ("metrics.json", "cluster", digest)
    missing = await user.get(f"{url}/files/metrics.json")
    assert (missing.status_code, missing.json()["code"]) == (404, "artifact_not_found")
    assert "on the cluster only" in missing.json()["detail"]
    [series] = (await user.get(f"{url}/metrics")).json()["items"]
    assert (series["name"], [point[:2] for point in series["points"]], series["last"]) == (
        "loss", [[1, 0.5], [2, 0.25]], 0.25,
    )  # fmt: skip
    [active] = (await user.get("/clusters/lab/jobs")).json()["items"]
    assert (active["phase"], active["gpus"]) == ("running", ["GPU-1"])
    assert (await other.get("/clusters/lab/jobs")).json()["total"] == 0
    for hidden in ("files", "files/metrics.json", "workspace", "metrics"):
        assert (await other.get(f"{url}/{hidden}")).status_code == 403


async def test_what_is_told_of_foreign_or_older_attempts_changes_nothing(
    lab: dict[str, Any], gpu_job: None, user: httpx.AsyncClient, connector: Connector, engine: AsyncEngine
) -> None:
    job = await submit(user)
    key = await put_on_lab(engine, job["id"])
    now = datetime.now(UTC)
    assert await connector.report_job(**key, phase="running", seen_at=now)
    assert await connector.report_job(**key, phase="staged", seen_at=now - timedelta(seconds=1))
    for foreign in (
        key | {"uid": "0b4f8d0c-1f6e-4c0b-9d3f-6a2b7c8d9e0f"},
        key | {"attempt": 2},
        key | {"cluster": "other"},
        key | {"job_id": 2**40},
    ):
        assert not await connector.report_job(**foreign, phase="ended")
    [folder] = (await user.get(f"/jobs/{job['id']}/workspace")).json()["items"]
    assert folder["phase"] == "running"
