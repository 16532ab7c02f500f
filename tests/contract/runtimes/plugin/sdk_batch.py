"""A batch plugin made with the SDK."""

from __future__ import annotations

import time
from typing import Any

from satellite.plugin import plugin, run


@plugin(batch=True)
def work(jobs: list[dict[str, Any]]) -> list[Any]:
    if any(job.get("short") for job in jobs):
        return []
    time.sleep(max(job.get("s", 0) for job in jobs))
    return [
        ValueError("a bad item") if job.get("bad") else {"answer": job.get("value"), "size": len(jobs)}
        for job in jobs
    ]


if __name__ == "__main__":
    run(work)
