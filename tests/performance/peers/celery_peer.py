"""Raw Celery on Redis with results: what Satellite builds on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from celery import Celery
from clock import measure, read_load, started, wait_for

URL = os.environ.get("PEER_REDIS_URL", "")
app = Celery("celery_peer", broker=URL, backend=URL)


@app.task(name="noop")
def noop() -> int:
    """Do nothing."""
    return 1


def main() -> None:
    """Measure one worker with eight threads."""
    load = read_load()
    app.conf.update(broker_url=load.redis_url, result_backend=load.redis_url)
    os.chdir(Path(__file__).parent)
    command = [
        sys.executable, "-m", "celery", "-A", "celery_peer", "worker", "-P", "threads", "-c", "8",
        "--without-gossip", "--without-mingle", "-l", "error",
    ]  # fmt: skip

    def once() -> None:
        noop.delay().get(timeout=30, interval=0.0005)

    def many(jobs: int) -> None:
        for result in [noop.delay() for _ in range(jobs)]:
            result.get(timeout=60, interval=0.001)

    with started(command):
        wait_for(once)
        measure("Celery, raw, with results", once=once, many=many, calls=load.calls, jobs=load.jobs,
                kept="task in Redis; what a dead worker had is lost")  # fmt: skip


if __name__ == "__main__":
    main()
