"""Dramatiq on Redis with results."""

from __future__ import annotations

import os
from pathlib import Path

import dramatiq
from clock import measure, program, read_load, started, wait_for
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

URL = os.environ.get("PEER_REDIS_URL", "")
if URL:
    broker = RedisBroker(url=URL)
    broker.add_middleware(Results(backend=RedisBackend(url=URL)))
    dramatiq.set_broker(broker)

    @dramatiq.actor(store_results=True)
    def noop() -> int:
        """Do nothing."""
        return 1


def main() -> None:
    """Measure one process with eight threads."""
    load = read_load()
    os.chdir(Path(__file__).parent)
    # Once more under its own name, now that the address is known; the workers import it like this too.
    from dramatiq_peer import noop

    def once() -> None:
        noop.send().get_result(block=True, timeout=30_000)

    def many(jobs: int) -> None:
        for message in [noop.send() for _ in range(jobs)]:
            message.get_result(block=True, timeout=60_000)

    command = [program("dramatiq"), "dramatiq_peer", "--processes", "1", "--threads", "8"]
    with started(command):
        wait_for(once)
        measure("Dramatiq, with results", once=once, many=many, calls=load.calls, jobs=load.jobs,
                kept="message in Redis; what a dead worker had runs again")  # fmt: skip


if __name__ == "__main__":
    main()
