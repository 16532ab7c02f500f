"""`airflow standalone`, asked by its REST API as anybody would."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.airflow.installation import Airflow
from tests.fixtures.servers import running, wait_until

START_S = 240
RUN_S = 300
OVER = {"success", "failed"}
USER = "admin"


@dataclass(frozen=True)
class Standalone:
    """A running Airflow, whose two versions have the same questions under different addresses."""

    client: httpx.Client
    major: int

    def has(self, dag_id: str) -> bool:
        """Tell whether it has read a DAG."""
        return self.client.get(f"/dags/{dag_id}").status_code == 200

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Begin a run and return its id."""
        # Airflow 3 wants to be told that there is no date; Airflow 2 takes the present one.
        dated = {"logical_date": None} if self.major == 3 else {}
        answer = self.client.post(f"/dags/{dag_id}/dagRuns", json={"conf": conf} | dated)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["dag_run_id"])

    def ended(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Wait until a run has ended and return the state of each task, and of the run under its own id."""
        run = f"/dags/{dag_id}/dagRuns/{run_id}"
        wait_until(lambda: self.client.get(run).json()["state"] in OVER, timeout_s=RUN_S, interval_s=1)
        tasks = self.client.get(f"{run}/taskInstances").json()["task_instances"]
        mapped = {each["task_id"] for each in tasks if each.get("map_index", -1) >= 0}
        states = {each["task_id"]: each["state"] for each in tasks if each["task_id"] not in mapped}
        return states | {dag_id: self.client.get(run).json()["state"]}

    def run_again(self, dag_id: str, run_id: str) -> None:
        """Clear all tasks of a run, so that they run anew in the same one."""
        answer = self.client.post(f"/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False})
        assert answer.status_code == 200, answer.text

    def log_of(self, dag_id: str, run_id: str, task: str) -> str:
        """Return the log of the first try of a task."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}/logs/1"
        return self.client.get(path, params={"full_content": True}).text


@contextlib.contextmanager
def standalone(airflow: Airflow) -> Iterator[Standalone]:
    """Run all of Airflow until the block ends."""
    address = f"http://127.0.0.1:{airflow.port}"
    asked = dataclasses.replace(airflow, settings={**airflow.settings, **_settings(airflow, address)})
    health = "/api/v2/monitor/health" if airflow.major == 3 else "/health"
    server = running(
        [asked.program, "standalone"],
        ready=lambda: _answers(address + health),
        stop_signal=signal.SIGINT,
        timeout_s=START_S,
        env=asked.environment,
        cwd=asked.home,
    )
    try:
        with server, _client(asked, address) as client:
            yield Standalone(client, airflow.major)
    finally:
        _end_rest(asked)


def _end_rest(airflow: Airflow) -> None:
    # Airflow 2 reads its DAGs in a session of its own, which outlives a scheduler that is killed. The titles
    # of its processes stand where their environment was, but all of them work in the folder of this test.
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == airflow.home:
                os.kill(int(process.name), signal.SIGKILL)


def _settings(airflow: Airflow, address: str) -> dict[str, str]:
    if airflow.major == 3:
        return {
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(airflow.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        }
    return {
        "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(airflow.port),
        "AIRFLOW__WEBSERVER__WORKERS": "1",
        "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth",
    }


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url, timeout=10).status_code == 200
    return False


def _client(airflow: Airflow, address: str) -> httpx.Client:
    if airflow.major == 2:
        password = wait_until(lambda: _text(airflow, "standalone_admin_password.txt"), timeout_s=START_S)
        return httpx.Client(base_url=f"{address}/api/v1", auth=(USER, password), timeout=60)
    written = wait_until(
        lambda: _text(airflow, "simple_auth_manager_passwords.json.generated"), timeout_s=START_S
    )
    asked = {"username": USER, "password": json.loads(written)[USER]}
    token = httpx.post(f"{address}/auth/token", json=asked, timeout=60).json()["access_token"]
    return httpx.Client(
        base_url=f"{address}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )


def _text(airflow: Airflow, name: str) -> str:
    file = airflow.home / name
    return file.read_text().strip() if file.exists() else ""
