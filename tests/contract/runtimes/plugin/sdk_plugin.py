"""A plugin made with the SDK, for both modes."""

from __future__ import annotations

import os
import time
from typing import Any

from satellite.plugin import InputRefused, plugin, report_progress, run


class OutOfMemoryError(RuntimeError):
    """What deep learning libraries raise when a card is full, by name and message."""


def load() -> list[int]:
    return []


@plugin(setup=load)
def work(job: dict[str, Any], seen: list[int]) -> dict[str, Any]:
    seen.append(1)
    how = job["how"]
    if how == "refuse":
        raise InputRefused("this makes no sense")
    if how == "raise":
        raise ValueError("the model broke")
    if how == "exhaust":
        raise MemoryError("out of everything")
    if how == "card is full":
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if how == "driver is full":
        raise RuntimeError("CUDA error: out of memory")
    if how == "unfit":
        return {"answer": float("nan")}
    if how == "log":
        print(job.get("unfinished", ""), end="")
        for step in range(1, 1 if "unfinished" in job else 5):
            print(f"{job['name']} {step}")
            report_progress(step / 4, f"{job['name']} {step}")
            time.sleep(0.02)
    if how == "exit":
        os._exit(3)
    return (
        {"answer": job.get("value")} if job.get("plain") else {"answer": job.get("value"), "seen": len(seen)}
    )


if __name__ == "__main__":
    run(work)
