"""Waits for the end of a job or of a run, in requests that are each short enough for a proxy."""

from __future__ import annotations

import time
from typing import Final

from satellite.client.calls import Flow, pause, send
from satellite.client.errors import ClientError, WaitTimedOut
from satellite.client.models import Job
from satellite.client.reading import json_of, read_answer
from satellite.client.retrying import passes
from satellite.client.workflow_models import Run
from satellite.contracts.event import EventSubject

RESTART_TIMEOUT_S: Final = 30
"""A server that restarts is worth waiting for, one that is gone is not."""
POLL_S: Final = 0.1
SERVER_WAIT_S: Final = 20
"""The longest one request waits for an end; shorter than what proxies cut off."""


def read_either(document: object) -> Job | Run:
    """Return the job or the run that the server has answered; both are found by numbers of one sequence."""
    if isinstance(document, dict) and document.get("kind") == "run":
        return read_answer(Run, document)
    return read_answer(Job, document)


def ask_either(method: str, path: str) -> Flow[Job | Run]:
    """Send a request that is answered by a job or a run."""
    return read_either(json_of((yield from send(method, path))))


def wait_for_end(number: int, subject: EventSubject, *, timeout_s: float | None) -> Flow[Job | Run]:
    """Return a job or a run once it has ended.

    Raises:
        WaitTimedOut: it did not end within `timeout_s`.
    """
    deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        left_s = RESTART_TIMEOUT_S if deadline_s is None else max(0.0, deadline_s - time.monotonic())
        wait_s = int(min(left_s, SERVER_WAIT_S))
        headers = {"Prefer": f"wait={wait_s}"} if wait_s >= 1 else {}
        for_s = min(left_s, RESTART_TIMEOUT_S)
        try:
            response = yield from send("GET", f"/jobs/{number}", headers=headers, retry_for_s=for_s)
        except ClientError as error:
            # Nobody answered for as long as there was time.
            if passes(error) and timeout_s is not None and for_s < RESTART_TIMEOUT_S:
                raise WaitTimedOut(number, timeout_s, subject=subject) from error
            raise
        found = read_either(json_of(response))
        if found.is_finished:
            return found
        if timeout_s is not None and left_s <= 0:
            raise WaitTimedOut(number, timeout_s, subject=subject)
        if wait_s < 1:
            yield from pause(POLL_S)
