"""The mirror of a workflow that a real Satellite runs: one of its own, or that of `SATELLITE_URL`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from operation_server.workflows.airflow.dag_arguments import dag_id
from operation_server.workflows.airflow.dag_files import write_dag_file
from operation_server.workflows.airflow.mirror import mirror_dag
from tests.acceptance.platform import running_platform
from tests.airflow.conftest import ASKED_FOR, connection
from tests.airflow.installation import Airflow
from tests.airflow.workflows import MIRRORED
from tests.fixtures.servers import wait_until

IMAGE_S = 600

pytestmark = [
    pytest.mark.skipif(os.environ.get(ASKED_FOR) != "1", reason="a part of make test-airflow"),
    pytest.mark.timeout(900),
]


@dataclass(frozen=True)
class Reached:
    """Where a Satellite is, and an API key of it."""

    url: str
    api_key: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/api/v1", headers={"X-API-Key": self.api_key}, timeout=120)


@pytest.fixture(scope="module")
def reached() -> Iterator[Reached]:
    """The Satellite that the environment names, or one that is started here."""
    if "SATELLITE_URL" in os.environ:
        yield Reached(os.environ["SATELLITE_URL"], os.environ["SATELLITE_API_KEY"])
        return
    with running_platform("--no-demo") as platform, platform.api() as admin:

        def runs() -> bool:
            answer = admin.get("/plugins/python-task")
            # Registered and paused while its image is made.
            return answer.status_code == 200 and not answer.json()["control"]["is_paused"]

        wait_until(runs, timeout_s=IMAGE_S)
        made = admin.post("/api-keys", json={"name": "airflow"})
        yield Reached(platform.url, made.json()["key"])


@pytest.fixture
def api(reached: Reached) -> Iterator[httpx.Client]:
    with contextlib.closing(reached.client()) as client:
        yield client


@pytest.fixture
def workflow_id(api: httpx.Client) -> Iterator[int]:
    """A deployed workflow of a name of its own."""
    document = MIRRORED.model_dump(mode="json", exclude_defaults=True) | {"name": f"mirrored {uuid.uuid4()}"}
    made = api.post("/workflows", json=document)
    assert made.status_code == 201, made.text
    workflow_id: int = made.json()["id"]
    deployed = api.post(f"/workflows/{workflow_id}/deploy")
    assert deployed.status_code == 200, deployed.text
    yield workflow_id
    api.delete(f"/workflows/{workflow_id}").raise_for_status()


def test_the_mirror_shows_a_real_run(
    airflow: Airflow, reached: Reached, api: httpx.Client, workflow_id: int
) -> None:
    write_dag_file(airflow.dags, workflow_id=workflow_id, text=mirror_dag(MIRRORED, workflow_id=workflow_id))
    connected = dataclasses.replace(
        airflow, settings={**airflow.settings, **connection(reached.url, reached.api_key)}
    )

    tested = connected.test(dag_id(workflow_id))

    run = api.get(f"/jobs/{tested.returned['trigger_run']}").json()
    assert tested.states == {
        "trigger_run": "success",
        "good": "success",
        "bad": "failed",
        "left": "failed",
        "passed": "skipped",
        "at-last": "success",
        "end_run": "failed",
    }, run
    assert "ZeroDivisionError" in tested.said
    assert run["status"] == "failed"
    assert {task["name"]: task["status"] for task in run["tasks"]}["left"] == "blocked"
