"""Sends attempts to the broker, a batch in one round trip."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from celery import Celery
from kombu.exceptions import SerializationError

from operation_server.dispatch.attempt_grants import AttemptGrants, input_files_of, model_of
from operation_server.dispatch.broker import BROKER_FAULTS, BrokerDown, connected
from operation_server.jobs.transitions import DispatchedJob
from satellite.contracts.job import JobMessage
from satellite.contracts.task_names import APPLY_OUTCOME, BATCH_HEADER, EXECUTE_JOB, RESULTS_QUEUE
from satellite.messaging.link import MessageLink, open_link

# The `link` callback: workers address outcomes as it says.
OUTCOME_CALLBACK: dict[str, Any] = {
    "task": APPLY_OUTCOME,
    "args": [],
    "kwargs": {},
    "options": {"queue": RESULTS_QUEUE},
    "subtask_type": None,
    "immutable": False,
}
EMBED = {"callbacks": [OUTCOME_CALLBACK], "errbacks": None, "chain": None, "chord": None}


class JobPublisher:
    """Publishes and counts over one connection; blocks, and serves one thread at a time."""

    def __init__(self, app: Celery, granting: AttemptGrants | None = None) -> None:
        """Connect to nothing yet; without `granting` no worker may fetch files."""
        self._app = app
        self._granting = granting
        self._link: MessageLink | None = None
        self._busy = threading.RLock()

    def publish(self, jobs: Sequence[DispatchedJob]) -> None:
        """Publish one message for each attempt, in order.

        Raises:
            BrokerDown: it is uncertain which messages have arrived, if any; sending again is harmless.
        """
        with self._connected_link() as link, link.sending(len(jobs)) as send:
            for job in jobs:
                task_id = f"job-{job.job_id}-{job.attempt}"
                send(
                    self.body_of(job),
                    routing_key=job.queue,
                    headers=message_headers(job, task_id),
                    correlation_id=task_id,
                )

    def body_of(self, job: DispatchedJob) -> bytes:
        """Return the body of an attempt's message.

        Raises:
            Exception: the job cannot be told of, whoever else can.
        """
        return message_body(job, self._granting)

    def queue_lengths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue.

        Raises:
            BrokerDown: the broker does not answer.
        """
        with self._connected_link() as link:
            return {queue: link.length(queue) for queue in queues}

    def purge(self, queue: str) -> None:
        """Remove all messages of a queue.

        Raises:
            BrokerDown: the broker does not answer.
        """
        with self._connected_link() as link:
            link.purge(queue)

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._busy, contextlib.suppress(*BROKER_FAULTS):
            link, self._link = self._link, None
            if link is not None:
                link.close()

    @contextlib.contextmanager
    def _connected_link(self) -> Iterator[MessageLink]:
        # The lock, because a thread that was given up on may still be in here.
        with self._busy:
            try:
                if self._link is None:
                    self._link = open_link(connected(self._app))
                yield self._link
            except SerializationError:
                # Of a message, not of the broker.
                raise
            except BROKER_FAULTS as error:
                self.close()
                raise BrokerDown from error


def message_headers(job: DispatchedJob, task_id: str) -> dict[str, Any]:
    """Return the headers of a Celery message, protocol 2."""
    return {
        **_batch_header(job),
        "lang": "py",
        "task": EXECUTE_JOB,
        # What Flower and logs call it: otherwise all tasks of the platform have one name.
        "shadow": job.plugin.name,
        "id": task_id,
        "root_id": task_id,
        "parent_id": None,
        "group": None,
        "retries": 0,
        "eta": None,
        "expires": None,
        "timelimit": [None, None],
        "argsrepr": f"(job {job.job_id}, attempt {job.attempt}, {job.plugin.name})",
        "kwargsrepr": "{}",
        "ignore_result": True,
    }


def message_body(job: DispatchedJob, granting: AttemptGrants | None = None) -> bytes:
    """Return a `JobMessage` as the one argument of the task.

    Raises:
        FilesNotGranted: the job needs files, and nothing grants them.
    """
    message = JobMessage(
        job_id=job.job_id,
        attempt=job.attempt,
        uid=job.uid,
        owner_id=job.owner_id,
        plugin_digest=job.plugin.digest,
        manifest_json=job.plugin.manifest_json,
        input_json=job.input_json,
        timeout_s=job.timeout_s,
        runs_alone=job.runs_alone,
        requires=job.requires,
        input_files=input_files_of(job, granting) if job.input_files_json else [],
        artifacts_grant=granting and granting.of_artifacts(job.key, timeout_s=job.timeout_s),
        traceparent=job.traceparent,
        model=model_of(job, granting) if job.model_json else None,
    )
    return orjson.dumps([[message.model_dump()], {}, EMBED])


def _batch_header(job: DispatchedJob) -> dict[str, Any]:
    size = job.plugin.batch_size
    if not size:
        return {}
    # Two versions of a model are two servers, and so no batch.
    digests = (job.plugin.digest, job.model_digest)
    return {BATCH_HEADER: ["+".join(filter(None, digests)), size]}
