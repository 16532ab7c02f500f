"""Names of Celery tasks and queues, each written once.

Servers send tasks by name and never import each other's task functions.
"""

from __future__ import annotations

from typing import Final

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
EXECUTE_GPU_QUEUE: Final = "satellite.execute.gpu"
RESULTS_QUEUE: Final = "satellite.results"


def execute_queue(gpus: float) -> str:
    """Return the queue of workers that can run what asks for so many graphics cards."""
    return EXECUTE_GPU_QUEUE if gpus > 0 else EXECUTE_QUEUE


def canary_queue(worker: str) -> str:
    """Return the queue that only the named worker consumes."""
    return f"satellite.canary.{worker}"
