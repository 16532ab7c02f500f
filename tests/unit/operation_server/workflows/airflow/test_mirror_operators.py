"""The operators of a mirror ask Satellite's API, and end as its runs and steps do."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError

import pytest

from satellite.testing import AnsweringServer, answering_server
from tests.unit.operation_server.workflows.airflow.definitions import python_task, workflow
from tests.unit.operation_server.workflows.airflow.loaded_mirror import (
    Failed,
    Skipped,
    context_of,
    load_mirror,
)

DEFINITION = workflow(python_task("step"))


@pytest.fixture(scope="module")
def server() -> Iterator[AnsweringServer]:
    with answering_server() as server:
        yield server


@pytest.fixture
def api(server: AnsweringServer) -> AnsweringServer:
    server.answers.clear()
    server.bodies.clear()
    return server


@pytest.fixture
def mirror(api: AnsweringServer) -> SimpleNamespace:
    return load_mirror(DEFINITION, connection(api.url))


def connection(host: str, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"host": host, "port": None, "schema": "", "password": "key"} | fields)


def run_of(status: str, step: str) -> dict[str, Any]:
    return {"id": 5, "status": status, "tasks": [{"name": "step", "status": step}]}


class TestTrigger:
    def test_the_run_has_the_params_that_airflow_was_given(
        self, api: AnsweringServer, mirror: SimpleNamespace
    ) -> None:
        api.answer("POST /jobs/trigger/7", {"id": 5}, status=202)

        assert mirror.task_trigger_run.execute(context_of(conf={"n": 1})) == 5
        assert api.bodies == [{"params": {"n": 1}}]

    def test_a_refusal_is_final_and_says_why(self, mirror: SimpleNamespace) -> None:
        with pytest.raises(Failed, match=r"404 .*no POST /jobs/trigger/7"):
            mirror.task_trigger_run.execute(context_of())

    def test_an_outage_is_left_to_the_retries(self, api: AnsweringServer, mirror: SimpleNamespace) -> None:
        api.answer("POST /jobs/trigger/7", {}, status=503)

        with pytest.raises(HTTPError):
            mirror.task_trigger_run.execute(context_of())


class TestKey:
    def test_each_run_of_airflow_has_one(self, mirror: SimpleNamespace) -> None:
        dag_run = context_of(airflow_run="manual__2026-11-25T00:00:00+00:00")["dag_run"]

        assert mirror.idempotency_key(dag_run) == "airflow:workflow_7:manual__2026-11-25T00:00:00+00:00"

    @pytest.mark.parametrize("airflow_run", ["x" * 250, "한" * 90, "line\nbreak"])
    def test_any_name_of_a_run_fits_into_a_header(self, mirror: SimpleNamespace, airflow_run: str) -> None:
        key = mirror.idempotency_key(context_of(airflow_run=airflow_run)["dag_run"])

        assert len(key) <= 255
        assert key.isascii()
        assert key.isprintable()
        assert key.startswith("airflow:")


class TestStep:
    @pytest.mark.parametrize("status", ["pending", "running", "waiting"])
    def test_it_is_waited_for(self, api: AnsweringServer, mirror: SimpleNamespace, status: str) -> None:
        api.answer("GET /jobs/5", run_of("processing", status))

        assert mirror.task_step.poke(context_of(run_id=5)) is False

    def test_its_log_is_printed(
        self, api: AnsweringServer, mirror: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        api.answer("GET /jobs/5", run_of("processing", "completed"))
        api.answer("GET /jobs/5/logs/step", "what it said\n")

        assert mirror.task_step.poke(context_of(run_id=5)) is True
        assert "what it said" in capsys.readouterr().out

    def test_a_log_that_is_missing_changes_nothing(
        self, api: AnsweringServer, mirror: SimpleNamespace
    ) -> None:
        api.answer("GET /jobs/5", run_of("processing", "completed"))

        assert mirror.task_step.poke(context_of(run_id=5)) is True

    @pytest.mark.parametrize(
        ("status", "ends"),
        [("failed", Failed), ("blocked", Failed), ("cancelled", Failed), ("skipped", Skipped)],
    )
    def test_it_ends_as_the_step_does(
        self, api: AnsweringServer, mirror: SimpleNamespace, status: str, ends: type[Exception]
    ) -> None:
        api.answer("GET /jobs/5", run_of("processing", status))

        with pytest.raises(ends, match="Step step of run 5"):
            mirror.task_step.poke(context_of(run_id=5))

    def test_it_ends_with_a_run_that_was_cancelled(
        self, api: AnsweringServer, mirror: SimpleNamespace
    ) -> None:
        api.answer("GET /jobs/5", run_of("cancelled", "pending"))

        with pytest.raises(Failed, match="cancelled"):
            mirror.task_step.poke(context_of(run_id=5))

    def test_a_run_without_the_task_is_told_of(self, api: AnsweringServer, mirror: SimpleNamespace) -> None:
        api.answer("GET /jobs/5", {"id": 5, "status": "processing", "tasks": []})

        with pytest.raises(Failed, match="no such task"):
            mirror.task_step.poke(context_of(run_id=5))


class TestRun:
    @pytest.mark.parametrize(
        ("status", "has_ended"), [("queued", False), ("processing", False), ("completed", True)]
    )
    def test_it_is_waited_for(
        self, api: AnsweringServer, mirror: SimpleNamespace, status: str, has_ended: bool
    ) -> None:
        api.answer("GET /jobs/5", run_of(status, "running"))

        assert mirror.task_end_run.poke(context_of(run_id=5)) is has_ended

    @pytest.mark.parametrize("status", ["failed", "cancelled"])
    def test_it_fails_with_the_run(self, api: AnsweringServer, mirror: SimpleNamespace, status: str) -> None:
        api.answer("GET /jobs/5", run_of(status, "completed"))

        with pytest.raises(Failed, match=f"Run 5 is {status}"):
            mirror.task_end_run.poke(context_of(run_id=5))

    def test_without_a_run_there_is_nothing_to_wait_for(self, mirror: SimpleNamespace) -> None:
        with pytest.raises(Failed, match="could not be triggered"):
            mirror.task_step.poke(context_of(run_id=None))

    def test_an_outage_is_waited_out(self, api: AnsweringServer, mirror: SimpleNamespace) -> None:
        api.answer("GET /jobs/5", {}, status=502)

        assert mirror.task_step.poke(context_of(run_id=5)) is False

    def test_a_server_that_is_down_is_waited_for(self) -> None:
        with answering_server() as gone:
            mirror = load_mirror(DEFINITION, connection(gone.url))

        assert mirror.task_end_run.poke(context_of(run_id=5)) is False


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "https://satellite.example/"}, "https://satellite.example"),
        ({"host": "satellite", "port": 8000}, "http://satellite:8000"),
        ({"host": "satellite", "schema": "https"}, "https://satellite"),
    ],
)
def test_the_connection_says_where_satellite_is(mirror: SimpleNamespace, fields: Any, url: str) -> None:
    assert mirror.base_url(connection(**{"host": ""} | fields)) == url
