"""What the client does with jobs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from satellite.client.calls import Call, Flow, ItemFlow, Stream, ask, send, work
from satellite.client.connection import Connection
from satellite.client.errors import RequestUnfit
from satellite.client.events import stream_events
from satellite.client.file_calls import FileCalls
from satellite.client.mapping import AT_ONCE, map_jobs
from satellite.client.models import Artifact, Batch, Job, Page
from satellite.client.reading import check_request, json_of, read_answer
from satellite.client.retrying import keyed, new_key, numbered_key
from satellite.client.waiting import ask_either, wait_for_end
from satellite.client.workflow_models import Run
from satellite.contracts.attempt_files import is_artifact_name
from satellite.contracts.event import Event, EventSubject
from satellite.contracts.json_text import parse_json
from satellite.contracts.requires import Requires


class JobCalls(Connection):
    """The part of the clients about jobs."""

    @Call
    def submit(
        self,
        plugin_name: str,
        input_data: Any,
        *,
        version: str | None = None,
        priority: int | None = None,
        timeout_s: float | None = None,
        retry: Mapping[str, Any] | None = None,
        requires: Requires | None = None,
        webhook: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[Job]:
        """Submit a job; with an idempotency key of yours, repeating the call returns the first job.

        What `retry` states overrides the `retry` of the plugin's manifest for this job. A `webhook` of
        `url` and maybe `events` is told of its end, signed by what `make_webhook_secret` returned.
        """
        check_request(input_data)
        body = _submission(
            plugin_name,
            input_data,
            plugin_version=version,
            priority=priority,
            timeout_s=timeout_s,
            retry=retry,
            requires=requires and requires.model_dump(mode="json"),
            webhook=webhook,
        )
        headers = keyed(idempotency_key)
        response = yield from send("POST", "/jobs", body=body, headers=headers, is_repeatable=True)
        job = json_of(response)
        if isinstance(job, dict) and "id" in job and "created_at" not in job:
            # A server that has stored a job and fails to show it names it at least.
            return (yield from ask(Job, "GET", f"/jobs/{job['id']}"))
        return read_answer(Job, job)

    @Call
    def submit_batch(
        self,
        /,
        plugin_name: str,
        inputs: Iterable[Any],
        *,
        version: str | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> Flow[Batch]:
        """Submit up to 1,000 jobs at once, all or none; `map` with the same key finds the same jobs.

        `options` are further fields of each job: `priority`, `timeout_s`, `retry`, `queue_ttl_s`, `webhook`.
        """
        key = idempotency_key or new_key()
        jobs = [
            _submission(
                plugin_name,
                value,
                plugin_version=version,
                idempotency_key=numbered_key(key, number),
                **options,
            )
            for number, value in enumerate(inputs)
        ]
        check_request(jobs)
        return ask(Batch, "POST", "/jobs/batch", body={"jobs": jobs}, is_repeatable=True)

    @Stream
    def map(
        self,
        /,
        plugin_name: str,
        inputs: Iterable[Any],
        *,
        at_once: int = AT_ONCE,
        timeout_s: float | None = None,
        progress: Callable[[int], None] | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> ItemFlow[Job]:
        """Run a plugin on each input, and yield the finished jobs in the order of these, however they ended.

        Up to `at_once` jobs are under way; inputs are taken as there is room: there may be any number. With
        an idempotency key, repeating the call returns the jobs of before. `progress` is told how many have
        finished; the other options are those of `submit`.

        Raises:
            WaitTimedOut: they have not all finished within `timeout_s`.
        """

        def submit(number: int, value: Any) -> Flow[Job]:
            key = idempotency_key and numbered_key(idempotency_key, number)
            return JobCalls.submit(self, plugin_name, value, idempotency_key=key, **options)

        return map_jobs(
            inputs,
            submit=submit,
            wait=lambda job_id, left_s: JobCalls.wait(self, job_id, timeout_s=left_s),
            at_once=at_once,
            timeout_s=timeout_s,
            progress=progress,
        )

    @Call
    def get_job(self, job_id: int) -> Flow[Job | Run]:
        """Return a job, or the run of a workflow that has this number."""
        return ask_either("GET", f"/jobs/{job_id}")

    @Call
    def list_jobs(
        self,
        *,
        status: str | None = None,
        plugin_name: str | None = None,
        skip: int = 0,
        limit: int = 50,
    ) -> Flow[Page[Job]]:
        """List jobs, newest first; `list_runs` lists runs of workflows."""
        query = {"kind": "job", "status": status, "plugin_name": plugin_name, "skip": skip, "limit": limit}
        return ask(Page[Job], "GET", "/jobs", params=query)

    @Call
    def wait(self, job_id: int, *, timeout_s: float | None = None) -> Flow[Job]:
        """Wait until a job is finished and return it, whatever it ended with.

        Raises:
            WaitTimedOut: it did not finish within `timeout_s`.
            RequestUnfit: it is a run, for which `wait_run` waits.
        """
        return only_job((yield from wait_for_end(job_id, EventSubject.JOB, timeout_s=timeout_s)))

    @Call
    def cancel(self, job_id: int) -> Flow[Job | Run]:
        """Ask for the end of a job or a run; it is cancelled now, or soon if it runs."""
        return ask_either("POST", f"/jobs/{job_id}/cancel")

    @Call
    def retry(self, job_id: int) -> Flow[Job | Run]:
        """Run a failed or cancelled job again, or what of a run did not complete."""
        return ask_either("POST", f"/jobs/{job_id}/retry")

    @Call
    def logs(self, job_id: int, *, attempt: int | None = None) -> Flow[str]:
        """Return the log of a job's newest (or the given) attempt; of a run those of its steps."""
        response = yield from send("GET", f"/jobs/{job_id}/logs", params={"attempt": attempt})
        return response.text

    @Call
    def result(self, job_id: int) -> Flow[Any]:
        """Return the result of a job, also one that is too large for an answer; None before it has completed.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
        """
        job = only_job((yield from JobCalls.get_job(self, job_id)))
        return (yield from result_of(self, job))

    @Call
    def artifacts(self, job_id: int) -> Flow[list[Artifact]]:
        """Return the files that a job has written, by name; none before it has completed."""
        page = yield from ask(Page[Artifact], "GET", f"/jobs/{job_id}/artifacts")
        return page.items

    @Call
    def download_artifacts(self, job_id: int, folder: Path) -> Flow[list[Path]]:
        """Write the files that a job has written below a folder, each whole or not at all; return where.

        Raises:
            TransferCorrupted: what arrived is not what is stored.
            RequestUnfit: the server tells a name that leads out of the folder.
        """
        written = []
        for artifact in (yield from JobCalls.artifacts(self, job_id)):
            if not is_artifact_name(artifact.name):
                raise RequestUnfit(f"{artifact.name!r} is no name of an artifact.")
            target = folder / artifact.name
            target.parent.mkdir(parents=True, exist_ok=True)
            yield from FileCalls.download_file(self, artifact.file_id, target)
            written.append(target)
        return written

    @Call
    def explain(self, job_id: int) -> Flow[dict[str, Any]]:
        """Return why a job is where it is."""
        return ask(dict[str, Any], "GET", f"/jobs/{job_id}/explain")

    @Stream
    def events(
        self, job_id: int | None = None, *, after: str | None = None, timeout_s: float | None = None
    ) -> ItemFlow[Event]:
        """Yield events of a job or a run (until its end), or of all own (for ever), past lost connections.

        `after` is the cursor of the last event already seen. Ends silently after `timeout_s`.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        return stream_events(self, job_id, after=after, deadline_s=deadline_s)


def only_job(found: Job | Run) -> Job:
    """Return what was found by a number, which is to be a job.

    Raises:
        RequestUnfit: it is a run.
    """
    if isinstance(found, Run):
        raise RequestUnfit(f"{found.id} is a run of the workflow {found.workflow_name}, and no job.")
    return found


def result_of(client: Connection, job: Job) -> Flow[Any]:
    """Return the result of a job, fetched where it is too large for an answer."""
    if job.result_artifact is None:
        return job.result
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        yield from FileCalls.download_file(client, job.result_artifact["file_id"], path)
        return (yield from work(lambda: parse_json(path.read_bytes(), bytes_max=None)))


def _submission(plugin_name: str, input_data: Any, **wanted: Any) -> dict[str, Any]:
    given = {key: value for key, value in wanted.items() if value is not None}
    return {"plugin_name": plugin_name, "input_data": input_data, **given}
