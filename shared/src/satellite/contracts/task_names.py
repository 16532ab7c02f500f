"""Names of Celery tasks and queues, each written once.

Servers send tasks by name and never import each other's task functions.
"""

from __future__ import annotations

from typing import Final

from satellite.contracts.requires import DEFAULT_QUEUE

EXECUTE_JOB: Final = "satellite.jobs.execute"
"""Operation server -> worker: run one attempt of a job. Argument: `JobMessage` as a dict."""

BATCH_HEADER: Final = "satellite_batch"
"""Header of `EXECUTE_JOB` where jobs are gathered into batches: `[plugin digest, most jobs of a batch]`.

It lets a worker count the slots a message will take before anybody has read the message itself.
"""

REPORT_STARTED: Final = "satellite.jobs.report_started"
"""Worker -> operation server: an attempt was claimed. Argument: `StartedReport` as a dict."""

APPLY_OUTCOME: Final = "satellite.jobs.apply_outcome"
"""Worker -> operation server, by `link`: what an attempt ended with. Argument: `Outcome` as a dict."""

CANARY: Final = "satellite.workers.canary"
"""Worker -> itself, through the broker: proof that its consumer still consumes. Arguments: worker, token."""

EXECUTE_QUEUE: Final = "satellite.execute"
CLASS_QUEUE_PREFIX: Final = f"{EXECUTE_QUEUE}.class."
CLUSTER_QUEUE_PREFIX: Final = f"{EXECUTE_QUEUE}.cluster."
RESULTS_QUEUE: Final = "satellite.results"
CANARY_QUEUE_PREFIX: Final = "satellite.canary."


def shared_queue(name: str, *, with_gpu: bool) -> str:
    """Return the broker's queue of all workers that serve a queue, or of those with graphics cards."""
    base = EXECUTE_QUEUE if name == DEFAULT_QUEUE else f"{EXECUTE_QUEUE}.queue.{name}"
    return f"{base}.gpu" if with_gpu else base


def class_queue(class_digest: str) -> str:
    """Return the broker's queue that only workers of one class consume."""
    return f"{CLASS_QUEUE_PREFIX}{class_digest}"


def is_class_queue(queue: str) -> bool:
    """Tell whether a queue of the broker is that of one class of workers."""
    return queue.startswith(CLASS_QUEUE_PREFIX)


def cluster_queue(name: str) -> str:
    """Return the broker's queue that only the worker of a cluster consumes."""
    return f"{CLUSTER_QUEUE_PREFIX}{name}"


def is_cluster_queue(queue: str) -> bool:
    """Tell whether a queue of the broker is that of a cluster, where attempts outlive who began them."""
    return queue.startswith(CLUSTER_QUEUE_PREFIX)


def cluster_of_queue(queue: str) -> str:
    """Return the name of the cluster whose queue it is.

    Raises:
        ValueError: it is not the queue of a cluster.
    """
    if not is_cluster_queue(queue):
        raise ValueError(f"{queue} is not the queue of a cluster")
    return queue.removeprefix(CLUSTER_QUEUE_PREFIX)


def canary_queue(worker: str) -> str:
    """Return the queue that only the named worker consumes."""
    return f"{CANARY_QUEUE_PREFIX}{worker}"
