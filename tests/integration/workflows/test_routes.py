"""Workflows by REST: drafts, documents, deployment and its refusals, runs and what hangs on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from operation_server.settings import AirflowSettings, OperationSettings
from operation_server.workflows.transitions import AdvanceParts, advance_run, list_woken
from tests.integration.operation_server_api.conftest import MANIFEST

PIPELINE: dict[str, Any] = {
    "name": "ml_pipeline_example",
    "description": "Example ML Pipeline",
    "schedule": "@daily",
    "is_active": True,
}
SNIPPETS: dict[str, Any] = MANIFEST | {"name": "python-task", "input_schema": {"type": "object"}}
ADD: dict[str, Any] = {"name": "add", "kind": "plugin", "plugin_name": "adder", "input": {"n": 1}}
MORE: dict[str, Any] = ADD | {"name": "more", "dependencies": ["add"], "input": {"n": "${{ results.add.n }}"}}


@pytest.fixture
async def adder(admin: httpx.AsyncClient) -> None:
    (await admin.post("/plugins", json=MANIFEST)).raise_for_status()


async def make(client: httpx.AsyncClient, *tasks: dict[str, Any], **fields: Any) -> int:
    answer = await client.post("/workflows", json=PIPELINE | {"tasks": list(tasks)} | fields)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def advance(engine: Engine) -> None:
    """Do what the advancer does."""
    parts = AdvanceParts()
    while True:
        with engine.begin() as connection:
            woken = list_woken(connection)
        for run_id in woken:
            with engine.begin() as connection:
                advance_run(connection, run_id, parts)
        if not woken:
            break
    parts.close()


class TestDrafts:
    @pytest.mark.parametrize("slash", ["", "/"])
    async def test_paths_with_and_without_a_slash(self, user: httpx.AsyncClient, slash: str) -> None:
        made = await user.post(f"/workflows{slash}", json=PIPELINE)
        assert (made.status_code, made.json()["workflow_id"]) == (201, made.json()["id"])
        workflow_id = made.json()["id"]
        task = await user.post(
            f"/tasks{slash}",
            json={
                "workflow_id": workflow_id,
                "name": "load",
                "python_callable": "print(1)",
                "params": {},
                "dependencies": [],
                "retry_count": 2,
                "retry_delay": 300,
            },
        )
        assert task.status_code == 201
        assert (await user.get(f"/tasks/{task.json()['id']}{slash}")).json()["retry_count"] == 2
        assert (await user.get(f"/workflows{slash}")).json()["total"] == 1
        shown = (await user.get(f"/workflows/{workflow_id}{slash}")).json()
        assert [each["name"] for each in shown["tasks"]] == ["load"]
        assert (await user.get(f"/jobs{slash}")).status_code == 200

    async def test_what_is_left_out_of_a_change_stays(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD)
        changed = (await user.put(f"/workflows/{workflow_id}", json={"is_active": False})).json()

        assert (changed["is_active"], changed["name"], changed["schedule"]["cron"]) == (
            False, "ml_pipeline_example", "@daily",
        )  # fmt: skip
        changed = (await user.put(f"/workflows/{workflow_id}", json={"schedule": None})).json()
        assert changed["schedule"] is None

    async def test_two_editors_do_not_overwrite_each_other(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user)
        etag = (await user.get(f"/workflows/{workflow_id}")).headers["etag"]
        first = await user.put(
            f"/workflows/{workflow_id}", json={"description": "mine"}, headers={"If-Match": etag}
        )
        second = await user.put(
            f"/workflows/{workflow_id}", json={"description": "yours"}, headers={"If-Match": etag}
        )

        assert (first.status_code, second.status_code) == (200, 412)
        assert second.json()["code"] == "workflow_changed"
        assert (await user.get(f"/workflows/{workflow_id}")).json()["description"] == "mine"

    async def test_a_task_under_another_name_is_still_what_others_depend_on(
        self, user: httpx.AsyncClient
    ) -> None:
        workflow_id = await make(user, ADD, MORE)
        tasks = (await user.get(f"/workflows/{workflow_id}")).json()["tasks"]
        await user.put(f"/tasks/{tasks[0]['id']}", json={"name": "sum"})

        assert (await user.get(f"/tasks/{tasks[1]['id']}")).json()["dependencies"] == ["sum"]

    async def test_names_are_taken_once(self, user: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
        await make(user, ADD)
        taken = await user.post("/workflows", json=PIPELINE)
        twice = await user.post("/workflows", json={"name": "other", "tasks": [ADD, ADD]})

        assert (taken.status_code, taken.json()["code"]) == (409, "workflow_taken")
        assert (twice.status_code, twice.json()["code"]) == (409, "workflow_task_taken")
        assert (await admin.post("/workflows", json=PIPELINE)).status_code == 201

    async def test_a_schedule_that_nobody_can_mean(self, user: httpx.AsyncClient) -> None:
        for schedule in ("0 0 30 2 *", "every day", {"cron": "@daily", "timezone": "Mars/Olympus"}):
            refused = await user.post("/workflows", json=PIPELINE | {"schedule": schedule})
            assert (refused.status_code, refused.json()["code"]) == (422, "schedule_invalid"), schedule

    async def test_the_document_is_the_same_after_a_round_trip(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD, MORE, params={"b": 1, "a": 2.50})
        first = await user.get(f"/workflows/{workflow_id}/definition")
        put = await user.put(
            f"/workflows/{workflow_id}/definition",
            content=first.content,
            headers={"If-Match": first.headers["etag"]},
        )

        assert put.status_code == 200, put.text
        assert put.content == first.content
        assert (await user.get(f"/workflows/{workflow_id}/definition")).content == first.content

    async def test_others_neither_see_nor_change_it(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        workflow_id = await make(user, ADD)
        for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/deploy")):
            answer = await other.request(method, f"/workflows/{workflow_id}{path}", json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "workflow_not_yours")
        assert (await other.get("/workflows")).json()["total"] == 0
        assert (await admin.get("/workflows")).json()["total"] == 1


@pytest.mark.usefixtures("adder")
class TestDeployment:
    async def test_it_makes_a_version_and_the_same_again_makes_none(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD, MORE)
        first = (await user.post(f"/workflows/{workflow_id}/deploy")).json()
        again = (await user.post(f"/workflows/{workflow_id}/deploy/")).json()
        await user.put(f"/workflows/{workflow_id}", json={"description": "another one"})
        third = (await user.post(f"/workflows/{workflow_id}/deploy")).json()

        assert (first["version"], first["is_new"], first["dag_id"]) == (1, True, f"workflow_{workflow_id}")
        assert (again["version"], again["is_new"]) == (1, False)
        assert (third["version"], third["is_new"]) == (2, True)
        assert len(first["next_ticks"]) == 5
        assert (await user.get(f"/workflows/{workflow_id}/versions")).json()["total"] == 2
        kept = (await user.get(f"/workflows/{workflow_id}/versions/1")).json()
        assert kept["description"] == "Example ML Pipeline"
        path = f"/workflows/{workflow_id}/versions/1/diff"
        changed = {"field": "description", "before": kept["description"], "after": "another one"}
        assert (await user.get(path, params={"against": 2})).json()["fields"] == [changed]
        assert (await user.get(path)).json() | {"after": 2} == (
            (await user.get(path, params={"against": 2})).json()
        )
        assert not (await user.get(path, params={"against": 1})).json()["is_different"]
        assert (await user.get(path, params={"against": 3})).status_code == 404

    @pytest.mark.parametrize(
        ("tasks", "pointer", "told"),
        [
            ([], "/tasks", "none"),
            ([ADD | {"dependencies": ["gone"]}], "/tasks/add/dependencies", "no such task"),
            ([ADD | {"dependencies": ["more"]}, MORE], "/tasks/", "circle"),
            ([ADD | {"plugin_name": "nobody"}], "/tasks/add/plugin_name", "no plugin nobody"),
            ([{"name": "a"}], "/tasks/a/python_callable", "missing"),
            ([ADD | {"when": "results.more.n > 1"}], "/tasks/add/dependencies", "no such task"),
            ([ADD | {"input": "${{ results.more }}"}, MORE], "/tasks/add/dependencies", "not before it"),
            ([ADD | {"when": "1 +"}], "/tasks/add/when", "no expression"),
            ([ADD | {"when": "params.all(a, params.all(b, a == b))"}], "/tasks/add/when", "nested"),
            ([ADD | {"wait_s": 5}], "/tasks/add/wait_s", "kind wait"),
            (
                [{"name": "s", "kind": "workflow", "workflow": "nobody"}],
                "/tasks/s/workflow",
                "no workflow of yours",
            ),
        ],
    )
    async def test_faults_are_told_by_task_and_nothing_is_deployed(
        self, user: httpx.AsyncClient, tasks: list[dict[str, Any]], pointer: str, told: str
    ) -> None:
        workflow_id = await make(user, *tasks)
        refused = await user.post(f"/workflows/{workflow_id}/deploy")

        assert (refused.status_code, refused.json()["code"]) == (422, "workflow_unfit")
        (fault, *_) = refused.json()["errors"]
        assert fault["pointer"].startswith(pointer)
        assert told in fault["message"]
        assert (await user.get(f"/workflows/{workflow_id}")).json()["deployed_version"] is None

    async def test_all_faults_at_once(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD | {"dependencies": ["x"]}, {"name": "b"}, schedule="@hourly")
        refused = await user.post(f"/workflows/{workflow_id}/deploy")

        assert len(refused.json()["errors"]) == 2


@pytest.mark.usefixtures("adder")
class TestRuns:
    async def test_one_is_begun_shown_among_jobs_and_its_steps_are_not(
        self, user: httpx.AsyncClient, blocking_engine: Engine
    ) -> None:
        workflow_id = await make(user, ADD, MORE)
        await user.post(f"/workflows/{workflow_id}/deploy")
        begun = await user.post(f"/jobs/trigger/{workflow_id}", json={"params": {"x": 1}})
        assert (begun.status_code, begun.json()["kind"], begun.json()["params"]) == (202, "run", {"x": 1})
        run_id = begun.json()["id"]
        advance(blocking_engine)

        listed = (await user.get("/jobs")).json()
        assert [(each["kind"], each["id"]) for each in listed["items"]] == [("run", run_id)]
        steps = (await user.get("/jobs", params={"run_id": run_id})).json()
        assert [(each["kind"], each["run_id"]) for each in steps["items"]] == [("job", run_id)]
        shown = (await user.get(f"/jobs/{run_id}")).json()
        assert [(task["name"], task["status"]) for task in shown["tasks"]] == [
            ("add", "running"), ("more", "pending"),
        ]  # fmt: skip
        assert shown["tasks"][0]["job_id"] == steps["items"][0]["id"]
        job = (await user.get(f"/jobs/{shown['tasks'][0]['job_id']}")).json()
        assert (job["input_data"], job["run_id"]) == ({"n": 1}, run_id)

    async def test_lists_narrow_to_jobs_or_runs(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD)
        await user.post(f"/workflows/{workflow_id}/deploy")
        job = (await user.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}})).json()["id"]
        run = (await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"]

        async def ids(**params: Any) -> list[int]:
            return [each["id"] for each in (await user.get("/jobs", params=params)).json()["items"]]

        assert await ids() == [run, job]
        assert (await ids(kind="job"), await ids(kind="run")) == ([job], [run])
        assert await ids(workflow_id=workflow_id) == [run]
        assert await ids(plugin_name="adder") == [job]
        assert (await ids(limit=1), await ids(limit=1, cursor=str(run))) == ([run], [job])
        assert await ids(skip=1) == [job]

    async def test_the_same_key_begins_one_run(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD)
        await user.post(f"/workflows/{workflow_id}/deploy")
        key = {"Idempotency-Key": "airflow:dag:1"}
        first = await user.post(f"/jobs/trigger/{workflow_id}", headers=key)
        again = await user.post(f"/jobs/trigger/{workflow_id}", headers=key)
        other = await user.post(f"/jobs/trigger/{workflow_id}", headers=key, json={"params": {"x": 1}})

        assert (again.json()["id"], again.headers["idempotent-replay"]) == (first.json()["id"], "true")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")

    async def test_a_run_keeps_its_version(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD)
        not_yet = await user.post(f"/jobs/trigger/{workflow_id}")
        assert (not_yet.status_code, not_yet.json()["code"]) == (409, "workflow_not_deployed")
        await user.post(f"/workflows/{workflow_id}/deploy")
        run_id = (await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"]
        await user.put(f"/workflows/{workflow_id}", json={"params": {"y": 2}})
        await user.post(f"/workflows/{workflow_id}/deploy")

        assert (await user.get(f"/jobs/{run_id}")).json()["version"] == 1
        newest = (await user.post(f"/jobs/trigger/{workflow_id}")).json()
        assert (newest["version"], newest["params"]) == (2, {"y": 2})
        older = await user.post(f"/jobs/trigger/{workflow_id}", json={"version": 1})
        assert older.json()["version"] == 1
        none = await user.post(f"/jobs/trigger/{workflow_id}", json={"version": 9})
        assert (none.status_code, none.json()["code"]) == (404, "workflow_version_not_found")

    async def test_cancel_retry_and_restart(self, user: httpx.AsyncClient, blocking_engine: Engine) -> None:
        workflow_id = await make(user, ADD, MORE)
        await user.post(f"/workflows/{workflow_id}/deploy")
        run_id = (await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"]
        advance(blocking_engine)
        early = await user.post(f"/runs/{run_id}/restart")
        assert (early.status_code, early.json()["code"]) == (409, "run_not_over")
        step = (await user.get(f"/jobs/{run_id}")).json()["tasks"][0]["job_id"]

        assert (await user.post(f"/jobs/{run_id}/cancel")).json()["cancelling"] is True
        advance(blocking_engine)
        run = (await user.get(f"/jobs/{run_id}")).json()
        assert (run["status"], [task["status"] for task in run["tasks"]]) == ("cancelled", ["cancelled"] * 2)
        alone = await user.post(f"/jobs/{step}/retry")
        assert (alone.status_code, f"run {run_id}" in alone.json()["detail"]) == (409, True)
        assert (await user.post(f"/jobs/{run_id}/cancel")).status_code == 409

        assert (await user.post(f"/jobs/{run_id}/retry")).json()["status"] == "queued"
        advance(blocking_engine)
        assert (await user.get(f"/jobs/{step}")).json()["status"] == "queued"
        await user.post(f"/jobs/{run_id}/cancel")
        advance(blocking_engine)

        plan = (await user.post(f"/runs/{run_id}/restart", json={"dry_run": True})).json()
        assert (plan["run_id"], {each["action"] for each in plan["plan"]}) == (None, {"run"})
        restarted = await user.post(f"/runs/{run_id}/restart", json={"tasks": ["more"]})
        assert restarted.status_code == 202
        assert (await user.get(f"/jobs/{restarted.json()['run_id']}")).json()["restarted_from"] == run_id
        unknown = await user.post(f"/runs/{run_id}/restart", json={"tasks": ["gone"]})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "restart_invalid")

    async def test_graph_steps_events_and_log(self, user: httpx.AsyncClient, blocking_engine: Engine) -> None:
        workflow_id = await make(user, ADD, MORE)
        await user.post(f"/workflows/{workflow_id}/deploy")
        run_id = (await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"]
        advance(blocking_engine)

        graph = (await user.get(f"/runs/{run_id}/graph")).json()
        assert ([node["name"] for node in graph["nodes"]], graph["edges"]) == (["add", "more"], [[0, 1]])
        steps = (await user.get(f"/runs/{run_id}/steps")).json()
        assert [(each["task"], each["status"]) for each in steps["items"]] == [("add", "submitted")]
        events = (await user.get(f"/jobs/{run_id}/events")).json()["items"]
        assert [each["type"] for each in events] == ["status", "status", "task"]
        assert events[-1]["data"]["task"] == "add"
        assert (await user.get(f"/jobs/{run_id}/logs/add")).text == ""
        absent = await user.get(f"/jobs/{run_id}/logs/more")
        assert (absent.status_code, absent.json()["code"]) == (404, "log_not_found")
        assert (await user.get(f"/jobs/{run_id}/logs")).status_code == 200
        assert (await user.get(f"/runs/{run_id}/xcoms")).json() == {"total": 0, "items": []}

    async def test_an_approval_with_a_form(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, blocking_engine: Engine
    ) -> None:
        form = {"type": "object", "properties": {"alias": {"enum": ["champion"]}}, "required": ["alias"]}
        workflow_id = await make(user, {"name": "ask", "kind": "approval", "form": form})
        await user.post(f"/workflows/{workflow_id}/deploy")
        run_id = (await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"]
        advance(blocking_engine)
        path = f"/runs/{run_id}/approvals/ask"

        assert (await other.post(path, json={"approved": True})).status_code == 403
        unfit = await user.post(path, json={"approved": True, "data": {"alias": "boss"}})
        assert (unfit.status_code, unfit.json()["code"]) == (422, "approval_invalid")
        assert (
            await user.post(path, json={"approved": True, "data": {"alias": "champion"}})
        ).status_code == 200
        advance(blocking_engine)
        assert (await user.get(f"/jobs/{run_id}")).json()["status"] == "completed"
        late = await user.post(path, json={"approved": False})
        assert (late.status_code, late.json()["code"]) == (409, "approval_not_asked")

    async def test_a_workflow_with_open_runs_is_not_deleted(
        self, user: httpx.AsyncClient, blocking_engine: Engine
    ) -> None:
        workflow_id = await make(user, ADD)
        await user.post(f"/workflows/{workflow_id}/deploy")
        run_id = (await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"]
        refused = await user.delete(f"/workflows/{workflow_id}")
        assert (refused.status_code, refused.json()["code"]) == (409, "workflow_in_use")
        await user.post(f"/jobs/{run_id}/cancel")
        advance(blocking_engine)

        assert (await user.delete(f"/workflows/{workflow_id}")).status_code == 204
        assert (await user.get(f"/workflows/{workflow_id}")).status_code == 404
        assert (await user.get(f"/jobs/{run_id}")).json()["status"] == "cancelled"

    async def test_the_platform_at_a_glance(
        self, user: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        workflow_id = await make(user, ADD)
        await user.post(f"/workflows/{workflow_id}/deploy")
        await user.post(f"/jobs/trigger/{workflow_id}")

        stats = (await user.get("/monitoring/stats")).json()
        assert (stats["workflows"], stats["runs_by_status"]) == (
            {"total": 1, "active": 1, "deployed": 1}, {"queued": 1},
        )  # fmt: skip
        health = (await stranger.get("/monitoring/health")).json()
        assert (health["status"], health["parts"]["workers"]) == ("unhealthy", "none is live")
        assert health["parts"]["database"] == "ok"

    async def test_why_a_run_is_where_it_is(self, user: httpx.AsyncClient, blocking_engine: Engine) -> None:
        ask = {"name": "ask", "kind": "approval"}
        workflow_id = await make(
            user, ask, ADD | {"dependencies": ["ask"]}, settings={"concurrency_key": "params.city"},
            params={"city": "seoul"},
        )  # fmt: skip
        await user.post(f"/workflows/{workflow_id}/deploy")
        first, second = [(await user.post(f"/jobs/trigger/{workflow_id}")).json()["id"] for _ in range(2)]

        async def reason(run_id: int) -> str:
            return str((await user.get(f"/jobs/{run_id}/explain")).json()["reason"])

        assert await reason(first) == "in_queue"
        advance(blocking_engine)
        assert (await reason(first), await reason(second)) == ("waiting_for_approval", "concurrency_key")
        await user.post(f"/runs/{first}/approvals/ask", json={"approved": True})
        advance(blocking_engine)
        assert await reason(first) == "steps_under_way"
        await user.post(f"/jobs/{first}/cancel")
        advance(blocking_engine)
        assert await reason(first) == "finished"


@pytest.mark.usefixtures("adder")
class TestTrying:
    async def test_a_task_runs_alone_with_results_as_stated(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, other: httpx.AsyncClient
    ) -> None:
        (await admin.post("/plugins", json=SNIPPETS)).raise_for_status()
        await make(user, MORE, {"name": "load", "python_callable": "print(1)", "params": {"a": 1}})
        more, load = (await user.get("/workflows/1")).json()["tasks"]

        tried = await user.post(f"/tasks/{more['id']}/try", json={"results": {"add": {"n": 4}}})
        assert (tried.status_code, tried.json()["input_data"]) == (202, {"n": 4})
        unfit = await user.post(f"/tasks/{more['id']}/try")
        assert (unfit.status_code, unfit.json()["code"]) == (422, "workflow_unfit")
        snippet = (await user.post(f"/tasks/{load['id']}/try", json={"params": {"b": 2}})).json()
        assert (snippet["input_data"]["code"], snippet["input_data"]["context"]["params"]) == (
            "print(1)", {"a": 1, "b": 2},
        )  # fmt: skip
        assert (await other.post(f"/tasks/{load['id']}/try")).status_code == 403


@pytest.mark.usefixtures("adder")
class TestAirflow:
    @pytest.fixture
    def settings(self, settings: OperationSettings, tmp_path: Path) -> OperationSettings:
        return settings.model_copy(update={"airflow": AirflowSettings(dags_folder=tmp_path)})

    async def test_what_is_deployed_is_a_dag(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        (await admin.post("/plugins", json=SNIPPETS)).raise_for_status()
        workflow_id = await make(user, {"name": "load", "python_callable": "print(1)"})
        early = await user.get(f"/workflows/{workflow_id}/airflow")
        assert (early.status_code, early.json()["code"]) == (409, "workflow_not_deployed")
        await user.post(f"/workflows/{workflow_id}/deploy")
        file = tmp_path / f"workflow_{workflow_id}.py"

        mirror = await user.get(f"/workflows/{workflow_id}/airflow")
        native = await user.get(f"/workflows/{workflow_id}/airflow", params={"style": "native"})
        assert (mirror.status_code, file.read_text()) == (200, mirror.text)
        assert "print(1)" in native.text
        assert (await user.delete(f"/workflows/{workflow_id}")).status_code == 204
        assert not file.exists()

    async def test_what_airflow_cannot_do_is_told(self, user: httpx.AsyncClient) -> None:
        workflow_id = await make(user, ADD)
        await user.post(f"/workflows/{workflow_id}/deploy")
        refused = await user.get(f"/workflows/{workflow_id}/airflow", params={"style": "native"})

        assert (refused.status_code, refused.json()["code"]) == (422, "workflow_not_exportable")

    async def test_a_folder_that_cannot_be_written_to_is_a_warning(
        self, user: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        workflow_id = await make(user, ADD)
        tmp_path.rmdir()
        deployed = (await user.post(f"/workflows/{workflow_id}/deploy")).json()

        assert deployed["version"] == 1
        assert any("Airflow was not told" in warning for warning in deployed["warnings"])
