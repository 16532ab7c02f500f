"""The same model through the whole platform, batched and not: what the road of a job leaves of the gain."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import statistics
import time
from pathlib import Path

from satellite.local.plugin_images import ImageBuildFailed, build_image
from tests.acceptance.platform import Platform
from tests.performance.batching import SOURCE, manifest, token_lists
from tests.performance.figure import Figure
from tests.performance.warm_client import WarmClient

IMAGE = "satellite/bench-model:1"
COPY = Path("build/bench-plugins/bench-model")
BATCHED, UNBATCHED = "bench-model-batched", "bench-model-unbatched"


def measure(platform: Platform, *, rounds: int, jobs: int = 400) -> list[Figure]:
    """Submit many at once and wait for the last; nothing where no image can be built."""
    variants = {
        BATCHED: manifest(BATCHED, batch={"max_size": 32, "max_wait_ms": 5}, image=IMAGE),
        UNBATCHED: manifest(UNBATCHED, batch=None, image=IMAGE),
    }
    if not make_image(next(iter(variants.values())).model_dump_json()):
        return []
    rates: dict[str, list[float]] = {name: [] for name in variants}
    with platform.api() as api, contextlib.closing(WarmClient(api)) as client:
        for name, variant in variants.items():
            api.post("/plugins", json=variant.model_dump(mode="json")).raise_for_status()
            rate(client, name, jobs=8)
        for _ in range(rounds):
            for name in variants:
                rates[name].append(rate(client, name, jobs=jobs))
    return [
        Figure(name="batched inference, whole platform", value=statistics.median(rates[BATCHED]), unit="1/s",
               floor=statistics.median(rates[UNBATCHED]), floor_name="unbatched",
               target=">= 3 x"),
    ]  # fmt: skip


def make_image(manifest_json: str) -> bool:
    """Build the image from a copy outside `tests`, which images leave out."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(SOURCE, COPY, ignore=shutil.ignore_patterns("__pycache__"))
    (COPY / "plugin.json").write_text(manifest_json)
    try:
        build_image(COPY.absolute())
    except ImageBuildFailed as error:
        print(f"whole-platform inference is not measured: {error}")
        return False
    return True


def rate(client: WarmClient, plugin: str, *, jobs: int) -> float:
    """Return finished jobs per second from one submission of all to the last result."""
    inputs = itertools.islice(itertools.cycle(token_lists(32)), jobs)
    submitted = [{"plugin_name": plugin, "input_data": {"tokens": tokens}} for tokens in inputs]
    began = time.perf_counter()
    client.wait_for_all(client.submit_all(submitted)[-1])
    return jobs / (time.perf_counter() - began)
