"""What the client does with runs of workflows; `cancel`, `retry`, `logs` and `events` are those of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from satellite.client.calls import Call, Flow, ItemFlow, Stream, ask, send
from satellite.client.connection import Connection
from satellite.client.errors import RequestUnfit
from satellite.client.models import Job, Page
from satellite.client.reading import check_request
from satellite.client.retrying import keyed
from satellite.client.run_log import stream_run_log
from satellite.client.waiting import ask_either, wait_for_end
from satellite.client.workflow_models import LogLines, Restart, Run, RunGraph, Step, XCom
from satellite.contracts.event import EventSubject


class RunCalls(Connection):
    """The part of the clients about runs."""

    @Call
    def trigger(
        self,
        workflow_id: int,
        params: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        logical_date: datetime | None = None,
        priority: int | None = None,
        webhook: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        wait: bool = False,
        timeout_s: float | None = None,
    ) -> Flow[Run]:
        """Begin a run of the deployed or the given version, and with `wait` return it once it has ended.

        With an idempotency key of yours, repeating the call returns the first run. A `webhook` of `url` and
        maybe `events` is told of its end, signed by what `make_webhook_secret` returned.

        Raises:
            Conflict: the workflow was never deployed.
            WaitTimedOut: with `wait`, it did not end within `timeout_s`.
        """
        stated = {
            "params": dict(params) if params is not None else None,
            "version": version,
            "logical_date": logical_date.isoformat() if logical_date is not None else None,
            "priority": priority,
            "webhook": webhook,
        }
        body = {name: value for name, value in stated.items() if value is not None}
        check_request(body)
        path, headers = f"/jobs/trigger/{workflow_id}", keyed(idempotency_key)
        run = yield from ask(Run, "POST", path, body=body, headers=headers, is_repeatable=True)
        if wait and not run.is_finished:
            run = _only_run((yield from wait_for_end(run.id, EventSubject.RUN, timeout_s=timeout_s)))
        return run

    @Call
    def get_run(self, run_id: int) -> Flow[Run]:
        """Return a run and how far its tasks are."""
        return _only_run((yield from ask_either("GET", f"/jobs/{run_id}")))

    @Call
    def wait_run(self, run_id: int, *, timeout_s: float | None = None) -> Flow[Run]:
        """Wait until a run is finished and return it, whatever it ended with.

        Raises:
            WaitTimedOut: it did not finish within `timeout_s`.
        """
        return _only_run((yield from wait_for_end(run_id, EventSubject.RUN, timeout_s=timeout_s)))

    @Call
    def list_runs(
        self,
        workflow_id: int | None = None,
        *,
        status: str | None = None,
        skip: int = 0,
        limit: int = 50,
    ) -> Flow[Page[Run]]:
        """List runs, of one workflow or of all, newest first."""
        query = {
            "kind": "run",
            "workflow_id": workflow_id,
            "status": status,
            "skip": skip,
            "limit": limit,
        }
        return ask(Page[Run], "GET", "/jobs", params=query)

    @Call
    def get_graph(self, run_id: int) -> Flow[RunGraph]:
        """Return the graph of a run with how far each task is."""
        return ask(RunGraph, "GET", f"/runs/{run_id}/graph")

    @Call
    def list_steps(
        self,
        run_id: int,
        *,
        task: str | None = None,
        status: str | None = None,
        skip: int = 0,
        limit: int = 100,
    ) -> Flow[Page[Step]]:
        """List the steps of a run, by task and place."""
        query = {"task": task, "status": status, "skip": skip, "limit": limit}
        return ask(Page[Step], "GET", f"/runs/{run_id}/steps", params=query)

    @Call
    def list_xcoms(self, run_id: int, *, task: str | None = None) -> Flow[Page[XCom]]:
        """List what the steps of a run have pushed."""
        return ask(Page[XCom], "GET", f"/runs/{run_id}/xcoms", params={"task": task})

    @Call
    def step_log(
        self, run_id: int, task: str, *, map_index: int | None = None, attempt: int | None = None
    ) -> Flow[str]:
        """Return what a task of a run has printed, of a mapped one for the given item."""
        query = {"map_index": map_index, "attempt": attempt}
        return (yield from send("GET", f"/jobs/{run_id}/logs/{task}", params=query)).text

    @Stream
    def follow_log(self, run_id: int) -> ItemFlow[LogLines]:
        """Yield what all tasks of a run print, from its beginning to its end, past lost connections.

        After a connection was lost for so long that the server no longer knows where, lines come again.
        """
        return stream_run_log(self, run_id)

    @Call
    def restart(
        self,
        run_id: int,
        tasks: Sequence[str] | None = None,
        *,
        version: int | str = "same",
        params: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> Flow[Restart]:
        """Begin a new run that takes over what of this one still holds, and tell the plan of it.

        `tasks` and all after them run again, by default what did not complete. `version` is `same`,
        `latest` or a number; with `dry_run` nothing is begun.
        """
        stated = {"tasks": tasks and list(tasks), "params": params and dict(params)}
        given = {name: value for name, value in stated.items() if value is not None}
        body = {**given, "version": version, "dry_run": dry_run}
        check_request(body)
        return ask(Restart, "POST", f"/runs/{run_id}/restart", body=body)

    @Call
    def approve(
        self, run_id: int, task: str, *, comment: str = "", data: Mapping[str, Any] | None = None
    ) -> Flow[Run]:
        """Approve a task that waits for it; `data` is what its form asks for.

        Raises:
            Conflict: it does not wait for an approval now.
            Refused: the data do not match the form.
        """
        return _decide(run_id, task, {"approved": True, "comment": comment, "data": dict(data or {})})

    @Call
    def reject(self, run_id: int, task: str, *, comment: str = "") -> Flow[Run]:
        """Reject a task that waits for an approval, which then has failed.

        Raises:
            Conflict: it does not wait for an approval now.
        """
        return _decide(run_id, task, {"approved": False, "comment": comment})


def _decide(run_id: int, task: str, body: dict[str, Any]) -> Flow[Run]:
    check_request(body)
    return ask(Run, "POST", f"/runs/{run_id}/approvals/{task}", body=body)


def _only_run(found: Job | Run) -> Run:
    if isinstance(found, Job):
        raise RequestUnfit(f"{found.id} is a job of {found.plugin_name}, and no run of a workflow.")
    return found
