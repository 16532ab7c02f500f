"""What every mirror has in common: how Airflow triggers a run of Satellite, and waits for its steps."""

from __future__ import annotations

from typing import Final

TRIGGER: Final = "trigger_run"
END: Final = "end_run"

IMPORTS: Final = r'''"""Mirrors a workflow that runs in Satellite, and is written anew when it is deployed."""

import hashlib
import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, Connection

    find_connection = Connection.get
except ImportError:
    from airflow import DAG
    from airflow.hooks.base import BaseHook
    from airflow.models.baseoperator import BaseOperator
    from airflow.sensors.base import BaseSensorOperator

    find_connection = BaseHook.get_connection
try:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
except ImportError:
    from airflow.exceptions import AirflowFailException, AirflowSkipException
'''
OPERATORS: Final = r'''
ANSWER_TIMEOUT_S = 30
KEY_CHARS_MAX = 255
FOR_A_WHILE = {408, 425, 429, 500, 502, 503, 504}
OVER = {"completed", "failed", "blocked", "skipped", "cancelled"}


def base_url(connection):
    """Return where Satellite is: the host of the connection, with scheme and port."""
    if "://" in connection.host:
        return connection.host.rstrip("/")
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or 'http'}://{connection.host}{port}"


def ask(path, *, data=None, headers=None):
    """Return the answer of Satellite as text; fail for good if it refuses."""
    connection = find_connection(CONNECTION_ID)
    request = urllib.request.Request(
        base_url(connection) + path,
        data=data,
        headers={"X-API-Key": connection.password or "", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:
            return answer.read().decode(errors="replace")
    except urllib.error.HTTPError as refusal:
        if refusal.code in FOR_A_WHILE:
            raise
        why = f"{refusal.code} {refusal.read().decode(errors='replace')}"
        raise AirflowFailException(f"Satellite answered {why}") from None


def idempotency_key(dag_run):
    """Return the same key for each try of a run, so that a retry finds the run of the first."""
    key = urllib.parse.quote(f"airflow:{dag_run.dag_id}:{dag_run.run_id}", safe=":+")
    if len(key) <= KEY_CHARS_MAX:
        return key
    return f"airflow:{hashlib.sha256(key.encode()).hexdigest()}"


class TriggerRun(BaseOperator):
    """Triggers the run, and returns its number."""

    def execute(self, context):
        dag_run = context["dag_run"]
        answer = ask(
            f"/api/v1/jobs/trigger/{WORKFLOW_ID}",
            data=json.dumps({"params": dag_run.conf or {}}).encode(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": idempotency_key(dag_run),
            },
        )
        run_id = json.loads(answer)["id"]
        print(f"Run {run_id} of Satellite")
        return run_id


class WaitForRun(BaseSensorOperator):
    """Waits until the run has ended, and ends as it did."""

    def poke(self, context):
        run_id = context["ti"].xcom_pull(task_ids=TRIGGER)
        if run_id is None:
            raise AirflowFailException("There is no run: it could not be triggered")
        try:
            return self.has_ended(run_id)
        except OSError as away:
            print(f"Satellite does not answer, which is tried again: {away}")
            return False

    def has_ended(self, run_id):
        run = json.loads(ask(f"/api/v1/jobs/{run_id}"))
        return self.ended_as(run["status"], f"Run {run_id}")

    def ended_as(self, status, what):
        if status == "skipped":
            raise AirflowSkipException(f"{what} was skipped")
        if status in OVER and status != "completed":
            raise AirflowFailException(f"{what} is {status}")
        return status == "completed"


class WaitForStep(WaitForRun):
    """Waits until the step of its name has ended, prints its log, and ends as it did."""

    def has_ended(self, run_id):
        run = json.loads(ask(f"/api/v1/jobs/{run_id}"))
        status = self.step_of(run)["status"]
        if status not in OVER:
            # A run that is over takes its steps along; none of them changes any more.
            status = run["status"] if run["status"] in OVER - {"completed"} else status
        if status in OVER:
            print(self.log_of(run_id))
        return self.ended_as(status, f"Step {self.task_id} of run {run_id}")

    def step_of(self, run):
        for step in run["tasks"]:
            if step["name"] == self.task_id:
                return step
        raise AirflowFailException(f"Run {run['id']} has no such task")

    def log_of(self, run_id):
        path = f"/api/v1/jobs/{run_id}/logs/{urllib.parse.quote(self.task_id)}"
        try:
            return ask(path, headers={"Accept": "text/plain"})
        except (OSError, AirflowFailException) as missing:
            return f"No log: {missing}"


WAIT = {
    "mode": "reschedule",
    "poke_interval": 10,
    "timeout": timedelta(days=366).total_seconds(),
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
}
'''
