"""DBOS: steps of a durable workflow in one process, each stored in PostgreSQL; items by its queue."""

from __future__ import annotations

import os

from dbos import DBOS, DBOSConfig
from timing import CHAIN, FAN_OUT, measure

config: DBOSConfig = {
    "name": "bench",
    "system_database_url": os.environ["PEER_POSTGRES_URL"],
    "run_admin_server": False,
    "log_level": "CRITICAL",
}
DBOS(config=config)
QUEUE = "items"


@DBOS.step()
def step(number: int) -> int:
    """Do nothing."""
    return number


@DBOS.workflow()
def chain() -> None:
    """Do one step after the other."""
    for number in range(CHAIN):
        step(number)


@DBOS.workflow()
def item(number: int) -> int:
    """Do one item."""
    return step(number)


@DBOS.workflow()
def fan_out() -> int:
    """Do all items, and join them."""
    step(0)
    queue = DBOS.retrieve_queue(QUEUE)
    handles = [queue.enqueue(item, number) for number in range(FAN_OUT)]
    return step(sum(handle.get_result() for handle in handles))


if __name__ == "__main__":
    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=0.1)
    measure(chain=chain, fan_out=fan_out, kept="all in PostgreSQL; goes on in a new process")
    DBOS.destroy()
