"""RQ with results: its usual workers, which fork for every job."""

from __future__ import annotations

import contextlib

from clock import measure, program, read_load, started, wait_for
from redis import Redis
from rq import Queue

NOOP = "operator.truth"
WORKERS = 2


def main() -> None:
    """Measure as many workers as there are processors here."""
    load = read_load()
    queue = Queue(connection=Redis.from_url(load.redis_url))

    def once() -> None:
        assert queue.enqueue(NOOP, 1).latest_result(timeout=30).return_value is True

    def many(jobs: int) -> None:
        for job in [queue.enqueue(NOOP, 1) for _ in range(jobs)]:
            assert job.latest_result(timeout=60).return_value is True

    command = [program("rq"), "worker", "--quiet", "--url", load.redis_url]
    with contextlib.ExitStack() as stack:
        for _ in range(WORKERS):
            stack.enter_context(started(command))
        wait_for(once)
        measure("RQ, with results", once=once, many=many, calls=load.calls, jobs=load.jobs,
                kept="job in Redis; what a dead worker had fails")  # fmt: skip


if __name__ == "__main__":
    main()
