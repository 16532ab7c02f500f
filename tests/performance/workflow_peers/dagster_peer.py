"""Dagster: a job run in this process, with its events in SQLite."""

from __future__ import annotations

from typing import Any

from dagster import DagsterInstance, DynamicOut, DynamicOutput, job, op
from timing import CHAIN, FAN_OUT, measure


@op
def begin() -> int:
    """Begin."""
    return 0


@op
def work(before: int) -> int:
    """Do nothing."""
    return before + 1


@op(out=DynamicOut(int))
def items(before: int) -> Any:
    """List items."""
    for number in range(FAN_OUT):
        yield DynamicOutput(before + number, mapping_key=str(number))


@op
def join(done: list[int]) -> int:
    """Join items."""
    return sum(done)


@job
def chain() -> None:
    """Do one step after the other."""
    value = begin()
    for number in range(CHAIN - 1):
        value = work.alias(f"work_{number}")(value)


@job
def fan_out() -> None:
    """Do all items, and join them."""
    join(items(begin()).map(work).collect())


if __name__ == "__main__":
    with DagsterInstance.local_temp() as instance:
        measure(
            chain=lambda: chain.execute_in_process(instance=instance),
            fan_out=lambda: fan_out.execute_in_process(instance=instance),
            kept="events in SQLite; the work is lost with the process",
        )
