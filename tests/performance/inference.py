"""The same model through the whole platform, batched and not: what the road of a job leaves of the gain."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

import httpx

from satellite.local.plugin_images import ImageBuildFailed, build_image
from tests.acceptance.platform import Platform, running_platform
from tests.performance.batching import SOURCE, manifest, token_lists
from tests.performance.figure import Figure

IMAGE = "satellite/bench-model:1"
COPY = Path("build/bench-plugins/bench-model")
BATCHED, UNBATCHED = "bench-model-batched", "bench-model-unbatched"
POLL_S = 0.02
WIDE_SLOTS = 64


def measure_wide(*, rounds: int) -> list[Figure]:
    """Measure a platform whose worker has slots for a batch that runs and one that gathers."""
    with running_platform("--no-demo", "--slots", str(WIDE_SLOTS)) as running:
        return measure(running, rounds=rounds, place=f"whole platform, {WIDE_SLOTS} slots")


def measure(
    platform: Platform, *, rounds: int, jobs: int = 200, place: str = "whole platform"
) -> list[Figure]:
    """Submit many at once and wait for the last; nothing where no image can be built."""
    variants = {
        BATCHED: manifest(BATCHED, batch={"max_size": 32, "max_wait_ms": 5}, image=IMAGE),
        UNBATCHED: manifest(UNBATCHED, batch=None, image=IMAGE),
    }
    if not make_image(next(iter(variants.values())).model_dump_json()):
        return []
    rates: dict[str, list[float]] = {name: [] for name in variants}
    with platform.api() as api:
        for name, variant in variants.items():
            api.post("/plugins", json=variant.model_dump(mode="json")).raise_for_status()
            rate(api, name, jobs=8)
        for _ in range(rounds):
            for name in variants:
                rates[name].append(rate(api, name, jobs=jobs))
    return [
        Figure(name=f"batched inference, {place}", value=statistics.median(rates[BATCHED]), unit="1/s",
               floor=statistics.median(rates[UNBATCHED]), floor_name="unbatched",
               target=">= 3.5 x"),
    ]  # fmt: skip


def make_image(manifest_json: str) -> bool:
    """Build the image from a copy outside `tests`, which images leave out."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(SOURCE, COPY, ignore=shutil.ignore_patterns("__pycache__"))
    (COPY / "plugin.json").write_text(manifest_json)
    try:
        build_image(COPY.absolute(), Path.cwd())
    except ImageBuildFailed as error:
        print(f"whole-platform inference is not measured: {error}")
        return False
    return True


def rate(api: httpx.Client, plugin: str, *, jobs: int) -> float:
    """Return finished jobs per second from one submission of all to the last result."""
    inputs = token_lists(32)
    body = {
        "jobs": [
            {"plugin_name": plugin, "input_data": {"tokens": inputs[number % len(inputs)]}}
            for number in range(jobs)
        ]
    }
    began = time.perf_counter()
    answer = api.post("/jobs/batch", json=body)
    answer.raise_for_status()
    for job_id in answer.json()["ids"]:
        while True:
            job = api.get(f"/jobs/{job_id}", headers={"Prefer": "wait=60"}).json()
            if job["completed_at"] is not None:
                break
            time.sleep(POLL_S)
        assert job["status"] == "completed", job
    return jobs / (time.perf_counter() - began)
