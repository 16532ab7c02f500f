"""`satellite workflow` on a real API process: from a folder to the server and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from satellite.cli.main import run_command
from satellite.client import SatelliteClient
from satellite.local.postgres import EmbeddedPostgres
from satellite.local.redis import EmbeddedRedis
from tests.fixtures.api import ADMIN, running_api
from tests.fixtures.postgres import fresh_database

WAITING = """\
name: nightly
description: Waits for somebody.
schedule: {cron: "30 1 * * *", timezone: Asia/Seoul}
is_active: true
tasks:
  - name: look
    kind: approval
    form: {type: object, properties: {why: {type: string}}}
  - name: rest
    kind: wait
    wait_s: 3600
    dependencies: [look]
    when: results.look.approved
"""
DAG = """\
from airflow.sdk import dag, task


@dag(schedule="@daily")
def pipeline():
    @task
    def one():
        return 1

    one()


pipeline()
"""


@dataclass
class Satellite:
    """Runs commands in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str, code: int = 0) -> str:
        ended = run_command(["workflow", *words])
        written = self.capsys.readouterr()
        assert ended == code, (words, written)
        return written.out + (written.err if code else "")

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedPostgres, redis_server: EmbeddedRedis) -> Iterator[str]:
    """One API process for all tests here."""
    with (
        fresh_database(postgres_server) as database_url,
        running_api(database_url=database_url, redis_url=redis_server.url) as url,
    ):
        yield url


@pytest.fixture
def satellite(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Satellite]:
    """The command line, logged in; the workflows that a test makes are gone afterwards."""
    with SatelliteClient(url) as client:
        monkeypatch.setenv("SATELLITE_TOKEN", client.login(**ADMIN).access_token)
        monkeypatch.setenv("SATELLITE_URL", url)
        yield Satellite(capsys)
        for run in client.list_runs().items:
            if not run.is_finished:
                client.cancel(run.id)
        for workflow in client.list_workflows().items:
            client.delete_workflow(workflow.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a workflow that waits."""
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly/workflow.yaml").write_text(WAITING)
    return tmp_path / "nightly"


def test_a_new_workflow_goes_there_and_comes_back_the_same(satellite: Satellite, tmp_path: Path) -> None:
    place = tmp_path / "first"
    told = satellite("init", str(place))
    assert told.splitlines()[-1] == f"Next: satellite workflow apply {place} --deploy"
    assert "is not empty" in satellite("init", str(place), code=2)

    assert "+- name: fit_line\n" in satellite("diff", str(place), code=1)
    assert "Made workflow" in satellite("apply", str(place))
    assert satellite("diff", str(place)) == ""
    assert "is as it is here" in satellite("apply", str(place))

    for form in ("yaml", "json"):
        exported = satellite("export", "first", "--format", form)
        file = tmp_path / f"workflow.{form}"
        file.write_text(exported)
        assert "is as it is here" in satellite("apply", str(file))
        assert satellite("export", "first", "--format", form) == exported
    assert "    def main(context):\n" in satellite("export", "first")


def test_what_changes_is_shown_and_only_once_changed(satellite: Satellite, folder: Path) -> None:
    made = satellite.json("apply", str(folder))
    assert (made["is_new"], made["is_changed"], made["deployed"]) == (True, True, None)
    file = folder / "workflow.yaml"
    file.write_text(WAITING.replace("3600", "60"))

    different = json.loads(satellite("diff", str(folder), "--json", code=1))
    assert (different["id"], different["is_different"]) == (made["id"], True)
    changed = satellite("apply", str(folder))
    assert "-  wait_s: 3600" in changed
    assert "+  wait_s: 60" in changed
    assert changed.endswith(f"Changed workflow {made['id']} nightly.\n")
    assert satellite.json("apply", str(folder))["is_changed"] is False
    assert satellite.json("show", "nightly")["revision"] == 2


def test_a_workflow_is_deployed_run_and_ended(satellite: Satellite, folder: Path) -> None:
    assert "Version 1 is deployed.\nRuns next at" in satellite("apply", str(folder), "--deploy")
    assert "was deployed already" in satellite("deploy", "nightly")
    run = satellite.json("trigger", "nightly", "--param", "days=7", "--param", "who=Ada")
    assert run["params"] == {"days": 7, "who": "Ada"}
    run_id = str(run["id"])

    assert run_id in satellite("runs", "nightly")
    assert satellite.json("runs", "nightly", "--status", "completed")["total"] == 0
    assert "look" in satellite("show", "nightly")
    assert "30 1 * * * Asia/Seoul" in satellite("list")
    assert satellite("logs", run_id) == ""
    assert "does not wait" in satellite("approve", run_id, "look", "--data", '{"why": "so"}', code=6)
    assert f"Run {run_id} did not end" in satellite("watch", run_id, "--timeout", "0.2", code=9)
    assert "is cancelled" in satellite("cancel", run_id)
    assert "has finished" in satellite("cancel", run_id, code=6)
    assert f"Run {run_id} cancelled" in satellite("watch", run_id, code=1)
    assert satellite("retry", run_id) == f"Run {run_id} is queued again.\n"


def test_when_a_workflow_runs_by_itself(satellite: Satellite, folder: Path) -> None:
    satellite("apply", str(folder), "--deploy")
    told = satellite("schedule", "nightly")
    assert "16:30 UTC  01:30 +0900" in told
    assert satellite("pause", "nightly").startswith("Paused workflow")
    assert "not active" in satellite("list")
    assert "next run at" in satellite("resume", "nightly")

    span = ("--from", "2026-01-01", "--to", "2026-01-03T00:00+00:00")
    assert "2 runs of version 1.\n" in satellite("backfill", "nightly", *span, "--dry-run")
    assert satellite("backfill", "nightly", *span) == "Backfill 1 of 2 runs has begun.\n"
    assert "running" in satellite("backfills", "nightly")
    assert satellite.json("backfills", "nightly", "--cancel", "1")["items"][0]["status"] == "cancelled"
    assert "write a moment" in satellite("backfill", "nightly", "--from", "then", "--to", "now", code=2)


def test_a_run_is_restarted(satellite: Satellite, folder: Path) -> None:
    satellite("apply", str(folder), "--deploy")
    run_id = satellite("trigger", "nightly").strip()
    satellite("cancel", run_id)
    assert "look  run" in satellite("restart", run_id, "--dry-run")
    again = satellite("restart", run_id, "--task", "look", "--param", "days=2").strip()
    assert satellite.json("runs", "nightly")["items"][0]["restarted_from"] == int(run_id) != int(again)


def test_faults_are_told_by_task_and_file(satellite: Satellite, folder: Path) -> None:
    (folder / "workflow.yaml").write_text(WAITING.replace("results.look", "results.nobody"))
    told = satellite("apply", str(folder), "--deploy", code=5)
    assert told.splitlines()[-1] == "rest: dependencies: results.nobody is read, and there is no such task"
    assert satellite.json("show", "nightly")["deployed_version"] is None


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("name: x\ntasks:\n  - {name: a, retries: 1}", "task a.retries: Extra inputs are not permitted"),
        ("name: x\ntasks:\n  - {name: a, file: ../secret}", "is no file below"),
        ("name: x\ntasks:\n  - {name: a, file: none.py}", "none.py cannot be read"),
        (
            "name: x\ntasks:\n  - {name: a, file: a.py, python_callable: b}",
            "has both file and python_callable",
        ),
        ("- a", "it has no fields"),
        ("name: x\nname: y", "the key 'name' is there twice"),
    ],
)
def test_what_is_no_workflow_is_told_before_anybody_is_asked(
    stated: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "workflow.yaml").write_text(stated)
    (folder.parent / "secret").write_text("of mine")
    assert run_command(["workflow", "apply", str(folder)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trigger", "1", "--param", "days"], "write NAME=VALUE"),
        (["logs", "1", "--map-index", "2"], "need a TASK"),
        (["logs", "1", "a", "--follow", "--json"], "leave out --json"),
        (["runs", "--status", "going"], "no state of a run"),
        (["approve", "1", "a", "--data", "[]"], "not a JSON object"),
    ],
)
def test_what_is_wrong_with_a_command_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["workflow", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_dag_of_airflow_becomes_a_workflow_or_is_told_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dag.py"
    file.write_text(DAG)
    assert run_command(["workflow", "import", str(file), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"][0]["python_callable"].startswith("def one():")
    file.write_text(DAG.replace("    one()", "    for each in range(3):\n        one()"))
    assert run_command(["workflow", "import", str(file)]) == 5
    assert capsys.readouterr().err.startswith(f"{file}:10: ")


def test_a_workflow_becomes_a_dag_of_airflow(satellite: Satellite, folder: Path) -> None:
    satellite("apply", str(folder), "--deploy")
    mirror = satellite("export", "nightly", "--airflow", "mirror")
    assert 'dag_id="workflow_' in mirror
    compile(mirror, "dag.py", "exec")
    assert "approval" in satellite("export", "nightly", "--airflow", "native", code=5)
    assert "leave out --version" in satellite(
        "export", "nightly", "--airflow", "native", "--version", "1", code=2
    )


def test_what_is_not_there(satellite: Satellite) -> None:
    assert "You have no workflow 'none'" in satellite("show", "none", code=2)
    assert "no workflow 9999" in satellite("deploy", "9999", code=4)
    assert "9999" in satellite("watch", "9999", code=4)
