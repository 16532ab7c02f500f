"""A batch plugin made with the SDK."""

from __future__ import annotations

import os
import time
from typing import Any

from satellite.plugin import plugin, run


class OutOfMemoryError(RuntimeError):
    """What deep learning libraries raise when a card is full, by name and message."""


@plugin(batch=True)
def work(jobs: list[dict[str, Any]]) -> list[Any]:
    for job in jobs:
        if "log" in job:
            print(job["log"])
    if any(job.get("refuse") for job in jobs):
        raise ValueError(f"cannot take {[job['refuse'] for job in jobs if 'refuse' in job]}")
    if any(job.get("short") for job in jobs):
        return []
    if any(job.get("full") for job in jobs):
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if any(job.get("die") for job in jobs):
        os._exit(7)
    if any("measure" in job for job in jobs):
        return [{"answer": len(job["measure"])} for job in jobs]
    time.sleep(max(job.get("s", 0) for job in jobs))
    return [
        ValueError("a bad item") if job.get("bad") else {"answer": job.get("value"), "size": len(jobs)}
        for job in jobs
    ]


if __name__ == "__main__":
    run(work)
