"""Users of all kinds at once, for Locust: they wait for results, look around, follow, or only submit.

`make load` runs it against a stack of its own or against SATELLITE_URL; any failed request fails the run.
"""

from __future__ import annotations

import json
import os
import random
from typing import Any

import requests
from locust import FastHttpUser, HttpUser, between, events, task
from locust.env import Environment

PREFIX = "/api/v1"
JOB = {"plugin_name": "example-warm", "input_data": {"text": "a good day"}}
FOLLOW_TIMEOUT_S = 60

session: dict[str, str] = {}
"""The headers of the one account; logging in is made to be slow, and is not what is loaded here."""

recent: list[int] = []
"""Ids of jobs that were submitted lately."""


@events.test_start.add_listener
def log_in(environment: Environment, **_: Any) -> None:
    """Get a token for all users."""
    answer = requests.post(
        f"{environment.host}{PREFIX}/auth/token",
        json={
            "username": os.environ["SATELLITE_ADMIN_EMAIL"],
            "password": os.environ["SATELLITE_ADMIN_PASSWORD"],
        },
        timeout=30,
    )
    answer.raise_for_status()
    session["Authorization"] = f"Bearer {answer.json()['access_token']}"


class Waiting(FastHttpUser):
    """Submits a job and waits for its result."""

    weight = 3
    wait_time = between(0.1, 0.5)

    @task
    def submit_and_wait(self) -> None:
        """Take the result from the answer."""
        with self.client.post(
            f"{PREFIX}/jobs", json=JOB, headers={**session, "Prefer": "wait=30"}, name="POST /jobs, wait",
            catch_response=True,
        ) as answer:  # fmt: skip
            job = answer.json() if answer.status_code == 200 else {}
            if job.get("status") != "completed":
                answer.failure(f"{answer.status_code}: {job.get('status')}")
                return
            remember(job["id"])


class Looking(FastHttpUser):
    """Lists jobs and opens some, as the dashboard does."""

    weight = 3
    wait_time = between(0.2, 1)

    @task(2)
    def list_jobs(self) -> None:
        """Show the newest page."""
        self.client.get(f"{PREFIX}/jobs?limit=50", headers=session, name="GET /jobs")

    @task(2)
    def read_job(self) -> None:
        """Open a recent job."""
        if recent:
            path = f"{PREFIX}/jobs/{random.choice(recent)}"
            self.client.get(path, headers=session, name="GET /jobs/{id}")

    @task
    def list_plugins(self) -> None:
        """Show what there is to run."""
        self.client.get(f"{PREFIX}/plugins", headers=session, name="GET /plugins")


class Submitting(FastHttpUser):
    """Submits ten jobs at a time and does not wait."""

    wait_time = between(1, 3)

    @task
    def submit_batch(self) -> None:
        """Submit them in one request."""
        with self.client.post(
            f"{PREFIX}/jobs/batch", json={"jobs": [JOB] * 10}, headers=session, name="POST /jobs/batch",
            catch_response=True,
        ) as answer:  # fmt: skip
            if answer.status_code == 202:
                remember(*answer.json()["ids"])


class Following(HttpUser):
    """Submits a job and follows its events to the end."""

    wait_time = between(0.5, 2)

    @task
    def submit_and_follow(self) -> None:
        """Read the stream until it tells the result."""
        job_id = self.client.post(f"{PREFIX}/jobs", json=JOB, headers=session, name="POST /jobs").json()["id"]
        with self.client.get(
            f"{PREFIX}/jobs/{job_id}/events", headers={**session, "Accept": "text/event-stream"}, stream=True,
            name="GET /jobs/{id}/events, followed", catch_response=True, timeout=FOLLOW_TIMEOUT_S,
        ) as stream:  # fmt: skip
            for line in stream.iter_lines(chunk_size=1):
                if line.startswith(b"data: ") and json.loads(line[6:])["type"] == "result":
                    return
            stream.failure("the stream ended before the result")


def remember(*ids: int) -> None:
    """Keep the newest ids."""
    recent.extend(ids)
    del recent[:-200]
