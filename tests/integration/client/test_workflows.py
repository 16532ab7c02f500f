"""Both Python clients make, deploy and run workflows, on a real API process that nothing runs behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from satellite.client import Conflict, NotFound, Refused, RequestUnfit, Run, SatelliteClient, WaitTimedOut
from satellite.contracts.event import EventSubject, EventType
from satellite.local.postgres import EmbeddedPostgres
from satellite.local.redis import EmbeddedRedis
from tests.fixtures.api import ADMIN, running_api
from tests.fixtures.clients import ClientKind, opened
from tests.fixtures.postgres import fresh_database
from tests.integration.operation_server_api.conftest import MANIFEST

REST: dict[str, Any] = {"name": "rest", "kind": "wait", "wait_s": 60}
SEOUL: dict[str, Any] = {"cron": "0 4 * * *", "timezone": "Asia/Seoul"}
LOOK: dict[str, Any] = {"name": "look", "kind": "approval", "dependencies": ["rest"]}


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedPostgres, redis_server: EmbeddedRedis) -> Iterator[str]:
    """One API process for all tests here."""
    with (
        fresh_database(postgres_server) as database_url,
        running_api(database_url=database_url, redis_url=redis_server.url) as url,
    ):
        yield url


@pytest.fixture(params=list(ClientKind))
def client(request: pytest.FixtureRequest, url: str) -> Iterator[SatelliteClient]:
    """A client of each kind, logged in; the workflows that a test makes are gone afterwards."""
    with opened(request.param, url) as client:
        client.login(**ADMIN)
        yield client
        for run in client.list_runs().items:
            if not run.is_finished:
                client.cancel(run.id)
        for workflow in client.list_workflows().items:
            client.delete_workflow(workflow.id)


def test_a_draft_is_made_changed_and_replaced(client: SatelliteClient) -> None:
    made = client.create_workflow({"name": "nightly", "schedule": "@daily", "tasks": [REST]})
    assert made.schedule == {"cron": "@daily", "every_s": None, "timezone": "UTC"} | {
        key: made.schedule[key] for key in ("catchup", "overlap")
    }
    assert [task.name for task in made.tasks or []] == ["rest"]
    with pytest.raises(Conflict, match="nightly"):
        client.create_workflow({"name": "nightly"})

    task = client.add_task(made.id, LOOK)
    assert client.change_task(task.id, name="approve").name == "approve"
    assert client.get_task(task.id).dependencies == ["rest"]
    draft = client.get_draft(made.id)
    assert [each["name"] for each in draft.document["tasks"]] == ["rest", "approve"]
    client.delete_task(task.id)
    with pytest.raises(Conflict) as conflict:
        client.replace_draft(made.id, draft.document, revision=draft.revision)
    assert (conflict.value.status, conflict.value.code) == (412, "workflow_changed")
    assert client.replace_draft(made.id, draft.document).document == draft.document

    assert client.update_workflow(made.id, is_active=False).is_active is False
    assert client.find_workflow("nightly").id == made.id  # type: ignore[union-attr]
    assert client.find_workflow("weekly") is None
    assert [each.name for each in client.list_workflows(name="nightly").items] == ["nightly"]


def test_what_is_applied_twice_is_one_workflow(client: SatelliteClient) -> None:
    first = client.apply_workflow({"name": "nightly", "tasks": [REST]})
    again = client.apply_workflow({"name": "nightly", "tasks": [REST, LOOK]})

    assert again.id == first.id
    assert [task.name for task in again.tasks or []] == ["rest", "look"]
    client.delete_workflow(first.id)
    with pytest.raises(NotFound):
        client.get_workflow(first.id)


def test_a_version_is_deployed_or_all_its_faults_are_told(client: SatelliteClient) -> None:
    workflow = client.apply_workflow(
        {"name": "nightly", "tasks": [REST, LOOK | {"dependencies": ["nobody"]}]}
    )
    with pytest.raises(Conflict, match="deploy it first"):
        client.trigger(workflow.id)
    with pytest.raises(Refused) as refused:
        client.deploy_workflow(workflow.id)
    assert [fault["pointer"] for fault in refused.value.violations] == ["/tasks/look/dependencies"]

    client.replace_draft(workflow.id, {"name": "nightly", "tasks": [REST, LOOK]})
    deployed = client.deploy_workflow(workflow.id)
    assert (deployed.version, deployed.is_new, deployed.dag_id) == (1, True, f"workflow_{workflow.id}")
    assert client.deploy_workflow(workflow.id).is_new is False
    assert client.compare_workflow_version(workflow.id, 1).is_different is False
    client.replace_draft(workflow.id, {"name": "nightly", "tasks": [REST]})
    (removed,) = client.compare_workflow_version(workflow.id, 1).tasks
    assert (removed["task"], removed["change"]) == ("look", "removed")
    client.replace_draft(workflow.id, {"name": "nightly", "tasks": [REST, LOOK]})
    assert [each.tasks for each in client.list_workflow_versions(workflow.id).items] == [2]
    assert client.get_workflow_version(workflow.id, 1)["tasks"] == [REST, LOOK]


def test_a_run_is_found_where_jobs_are(client: SatelliteClient) -> None:
    workflow = client.apply_workflow({"name": "nightly", "params": {"days": 1}, "tasks": [REST, LOOK]})
    client.deploy_workflow(workflow.id)
    moment, key = datetime(2026, 1, 2, tzinfo=UTC), f"once {workflow.id}"
    run, again = (
        client.trigger(workflow.id, {"days": 7}, logical_date=moment, idempotency_key=key) for _ in range(2)
    )
    assert (run.id, run.params, run.logical_date, run.version) == (again.id, {"days": 7}, moment, 1)

    found = client.get_job(run.id)
    assert isinstance(found, Run)
    assert [(task.name, task.status) for task in found.tasks or []] == [
        ("rest", "pending"),
        ("look", "pending"),
    ]
    assert client.get_run(run.id).workflow_name == "nightly"
    assert [each.id for each in client.list_runs(workflow.id).items] == [run.id]
    assert run.id not in [job.id for job in client.list_jobs().items]
    graph = client.get_graph(run.id)
    assert ([node.kind for node in graph.nodes], graph.edges) == (["wait", "approval"], [(0, 1)])
    assert (client.list_steps(run.id).items, client.list_xcoms(run.id).items) == ([], [])
    assert client.logs(run.id) == ""
    with pytest.raises(NotFound, match="look"):
        client.step_log(run.id, "look")
    for decide in (client.approve, client.reject):
        with pytest.raises(Conflict, match="does not wait"):
            decide(run.id, "look", comment="no")

    with pytest.raises(WaitTimedOut, match=f"Run {run.id} did not end"):
        client.wait_run(run.id, timeout_s=0.2)
    with pytest.raises(WaitTimedOut):
        client.trigger(workflow.id, wait=True, timeout_s=0.2)
    assert isinstance(client.cancel(run.id), Run)


def test_a_run_that_ends_before_it_began_ends_its_events(client: SatelliteClient) -> None:
    workflow = client.apply_workflow({"name": "nightly", "tasks": [REST]})
    client.deploy_workflow(workflow.id)
    run = client.trigger(workflow.id)
    assert client.cancel(run.id).is_finished
    events = list(client.events(run.id, timeout_s=20))
    assert events[-1].type is EventType.RESULT
    assert {event.subject for event in events} == {EventSubject.RUN}
    assert client.wait_run(run.id, timeout_s=0).status == "cancelled"
    assert client.retry(run.id).status == "queued"


def test_what_is_of_jobs_alone_says_so_of_a_run_and_the_other_way_round(client: SatelliteClient) -> None:
    workflow = client.apply_workflow({"name": "nightly", "tasks": [REST]})
    client.deploy_workflow(workflow.id)
    run = client.trigger(workflow.id)
    client.register_plugin(MANIFEST)
    job = client.submit(MANIFEST["name"], {"n": 1})

    with pytest.raises(RequestUnfit, match="is a run of the workflow nightly"):
        client.result(run.id)
    with pytest.raises(RequestUnfit, match="is a job of adder"):
        client.get_run(job.id)


def test_a_schedule_is_looked_at_changed_paused_and_made_up_for(client: SatelliteClient) -> None:
    workflow = client.apply_workflow({"name": "nightly", "schedule": "0 3 * * *", "tasks": [REST]})
    client.deploy_workflow(workflow.id)
    assert [tick.at.hour for tick in client.get_schedule(workflow.id).next_ticks][:2] == [3, 3]
    assert [tick.local.hour for tick in client.preview_schedule(workflow.id, SEOUL, count=2)] == [4, 4]
    assert client.replace_schedule(workflow.id, SEOUL).schedule["timezone"] == "Asia/Seoul"  # type: ignore[index]
    assert client.pause_workflow(workflow.id).is_active is False
    assert client.resume_workflow(workflow.id).next_ticks[0].at.hour == 19
    assert client.list_ticks(workflow.id).items == []

    span = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    plan = client.plan_backfill(workflow.id, *span, reverse=True)
    assert (plan.total, [tick.scheduled_for.day for tick in plan.ticks]) == (2, [2, 1])
    begun = client.backfill(workflow.id, *span, max_active=2)
    assert (begun.total, begun.scope, begun.status) == (2, "missing", "running")
    stands = client.get_backfill(workflow.id, begun.number)
    assert stands.pending + stands.open == 2
    client.cancel_backfill(workflow.id, begun.number)
    assert [each.status for each in client.list_backfills(workflow.id).items] == ["cancelled"]


def test_a_run_is_restarted_after_a_look_at_the_plan(client: SatelliteClient) -> None:
    workflow = client.apply_workflow({"name": "nightly", "tasks": [REST, LOOK]})
    client.deploy_workflow(workflow.id)
    run = client.trigger(workflow.id)
    client.cancel(run.id)

    planned = client.restart(run.id, dry_run=True)
    assert (planned.run_id, [(each.task, each.action) for each in planned.plan]) == (
        None, [("rest", "run"), ("look", "run")],
    )  # fmt: skip
    again = client.restart(run.id, ["rest"], version="latest")
    assert client.get_run(again.run_id).restarted_from == run.id  # type: ignore[arg-type]
