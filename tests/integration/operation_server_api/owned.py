"""What belongs to a client, made for a path that names it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.operation_server_api.conftest import MANIFEST

TUS = {"Tus-Resumable": "1.0.0"}

Place = dict[str, str]
"""What stands for the parameters of a path."""


async def make_owned(owner: httpx.AsyncClient, path: str) -> Place:
    """Make what a path names, and nothing beside it: each route is asked by each role, about two owners."""
    name = f"p{(await owner.get('/users/me')).json()['id']}"
    place = {
        "name": name,
        "user_id": "999999",
        "alias": "champion",
        **dict.fromkeys(("version", "evaluation_id"), "1"),
    }
    for make in dict.fromkeys(make for part, make in MAKERS.items() if part in path):
        place |= await make(owner, name)
    return place


async def post(owner: httpx.AsyncClient, path: str, body: Any) -> Any:
    """Post to a route that makes something, and return what it made."""
    answer = await owner.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def make_plugin(owner: httpx.AsyncClient, name: str) -> Place:
    await post(owner, "/plugins", MANIFEST | {"name": name})
    return {}


async def make_model(owner: httpx.AsyncClient, name: str) -> Place:
    # It may be there already.
    await owner.post("/models", json={"name": name, "signature": {"input": {}, "output": {}}})
    return {}


async def make_job(owner: httpx.AsyncClient, name: str) -> Place:
    await make_plugin(owner, name)
    job = await post(owner, "/jobs", {"plugin_name": name, "input_data": {"n": 1}})
    return {"job_id": str(job["id"])}


async def make_run(owner: httpx.AsyncClient, name: str) -> Place:
    """Make a workflow, and a run of it."""
    await make_plugin(owner, name)
    task = {"name": "add", "kind": "plugin", "plugin_name": name, "input": {"n": 1}}
    workflow = await post(owner, "/workflows", {"name": uuid4().hex, "tasks": [task]})
    await post(owner, f"/workflows/{workflow['id']}/deploy", {})
    run = await post(owner, f"/jobs/trigger/{workflow['id']}", {})
    return {
        "workflow_id": str(workflow["id"]),
        "task_id": str(workflow["tasks"][0]["id"]),
        "task_name": "add",
        "number": "1",
        "run_id": str(run["id"]),
    }


async def make_rule(owner: httpx.AsyncClient, name: str) -> Place:
    """Make a channel, and a rule for it."""
    channel = await post(owner, "/notification-channels", {"name": uuid4().hex, "kind": "websocket"})
    rule = {"name": uuid4().hex, "kinds": ["job_failed"], "channel_ids": [channel["id"]]}
    made = await post(owner, "/notification-rules", rule)
    return {"channel_id": str(channel["id"]), "rule_id": str(made["id"])}


async def make_delivery(owner: httpx.AsyncClient, name: str) -> Place:
    """Make a delivery to a channel by testing it, which may be done a few times in a minute."""
    place = await make_rule(owner, name)
    tested = await post(owner, f"/notification-channels/{place['channel_id']}/test", {})
    return place | {"delivery_id": str(tested["id"])}


async def make_key(owner: httpx.AsyncClient, name: str) -> Place:
    return {"key_id": str((await post(owner, "/api-keys", {"name": name}))["id"])}


async def make_file(owner: httpx.AsyncClient, name: str) -> Place:
    return {"file_id": (await owner.post("/files", content=b"a,b")).json()["id"]}


async def make_secret(owner: httpx.AsyncClient, name: str) -> Place:
    secret = await post(owner, "/secrets", {"name": f"S_{uuid4().hex}", "value": "kept to itself"})
    return {"secret_id": secret["id"]}


async def make_upload(owner: httpx.AsyncClient, name: str) -> Place:
    answer = await owner.post("/uploads", headers=TUS | {"Upload-Length": "3"})
    return {"upload_id": answer.headers["location"].rpartition("/")[2]}


MAKERS: dict[str, Callable[[httpx.AsyncClient, str], Awaitable[Place]]] = {
    "plugins/{name}": make_plugin,
    "models/{name}": make_model,
    "{job_id}": make_job,
    **dict.fromkeys(("{workflow_id}", "{task_id}", "{task_name}", "{run_id}"), make_run),
    "{delivery_id}": make_delivery,
    **dict.fromkeys(("{channel_id}", "{rule_id}"), make_rule),
    "{key_id}": make_key,
    "{file_id}": make_file,
    "{secret_id}": make_secret,
    "{upload_id}": make_upload,
}
"""What makes each part of a path."""
