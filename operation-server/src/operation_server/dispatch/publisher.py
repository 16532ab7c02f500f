"""Sends attempts to the broker, a batch in one round trip."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from celery import Celery
from kombu.exceptions import KombuError, OperationalError, SerializationError
from redis.exceptions import RedisError

from operation_server.faults import Outage
from operation_server.jobs.transitions import DispatchedJob
from satellite.contracts.task_names import APPLY_OUTCOME, BATCH_HEADER, EXECUTE_JOB, RESULTS_QUEUE

BROKER_FAULTS = (OperationalError, KombuError, RedisError, OSError)
CONNECT_TIMEOUT_S = 3

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


class BrokerDown(Outage):
    """The broker takes no messages; jobs wait in the database."""

    code = "broker_down"


class JobPublisher:
    """Publishes and counts over one connection; blocks, and serves one thread at a time."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._producer: Any = None
        self._busy = threading.RLock()

    def publish(self, jobs: Sequence[DispatchedJob]) -> None:
        """Publish one message for each attempt, in order.

        Raises:
            BrokerDown: it is uncertain which messages have arrived, if any; sending again is harmless.
        """
        with self._connected_producer() as producer, producer.batch(max_size=len(jobs)):
            for job in jobs:
                task_id = f"job-{job.job_id}-{job.attempt}"
                producer.publish(
                    message_body(job),
                    routing_key=job.queue,
                    exchange="",
                    headers=message_headers(job, task_id),
                    content_type="application/json",
                    content_encoding="utf-8",
                    correlation_id=task_id,
                    delivery_mode=2,
                )

    def queue_lengths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue.

        Raises:
            BrokerDown: the broker does not answer.
        """
        with self._connected_producer() as producer:
            # Not passive, so that a queue that nobody has declared yet is empty instead of an error.
            declare = producer.channel.queue_declare
            return {queue: declare(queue, durable=True).message_count for queue in queues}

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._busy, contextlib.suppress(*BROKER_FAULTS):
            producer, self._producer = self._producer, None
            if producer is not None:
                producer.connection.release()

    @contextlib.contextmanager
    def _connected_producer(self) -> Iterator[Any]:
        # The lock, because a thread that was given up on may still be in here.
        with self._busy:
            try:
                if self._producer is None:
                    connection = self._app.connection_for_write()
                    connection.ensure_connection(max_retries=0, timeout=CONNECT_TIMEOUT_S)
                    self._producer = connection.Producer(auto_declare=False)
                yield self._producer
            except SerializationError:
                # Of a message, not of the broker.
                raise
            except BROKER_FAULTS as error:
                self.close()
                raise BrokerDown from error


def message_headers(job: DispatchedJob, task_id: str) -> dict[str, Any]:
    """Return the headers of a Celery message, protocol 2."""
    batch_size = job.plugin.batch_size
    return {
        **({BATCH_HEADER: [job.plugin.digest, batch_size]} if batch_size else {}),
        "lang": "py",
        "task": EXECUTE_JOB,
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


def message_body(job: DispatchedJob) -> bytes:
    """Return a `JobMessage` as the one argument of the task."""
    message = {
        "job_id": job.job_id,
        "attempt": job.attempt,
        "owner_id": job.owner_id,
        "plugin_digest": job.plugin.digest,
        "manifest_json": job.plugin.manifest_json,
        "input_json": job.input_json,
        "timeout_s": job.timeout_s,
    }
    return orjson.dumps([[message], {}, EMBED])
