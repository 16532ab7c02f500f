"""A job on a container that was started before it came, against `docker run` of the same image."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import httpx

from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until
from tests.performance.figure import Figure

MANIFEST = Path("plugins/example-failing/plugin.json")
NAME = "bench-standby"
SPARES = 2
JOB = {"plugin_name": NAME, "input_data": {"how": "ok"}}
WAIT = {"Prefer": "wait=60"}


def measure(platform: Platform, *, rounds: int, runs: int = 10) -> list[Figure]:
    """Compare in turn, each while nothing else is started; nothing where no engine answers."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return []
    with platform.api() as api:
        image = register(api)
        api.post("/jobs", json=JOB, headers=WAIT).raise_for_status()
        direct, jobs, inside = [], [], []
        for _ in range(runs * rounds):
            wait_until(lambda: running_containers(image) == SPARES, timeout_s=30)
            direct.append(docker_run_ms(image))
            time.sleep(0.3)  # What `docker run` leaves the engine to tidy up.
            elapsed_ms, timings = run_job(api)
            jobs.append(elapsed_ms)
            inside.append(timings["prepared"] + timings["ran"])
    job, floor = statistics.median(jobs), statistics.median(direct)
    return [
        Figure(name="standby container job, REST to result", value=job, unit="ms", floor=floor,
               floor_name="docker run", target="<= 0.3 x"),
        Figure(name="its part in the container runtime", value=statistics.median(inside), unit="ms",
               floor=floor, floor_name="docker run"),
    ]  # fmt: skip


def register(api: httpx.Client) -> str:
    """Register the image of an example once more, with containers on standby; return the image."""
    manifest = json.loads(MANIFEST.read_text())
    api.post("/plugins", json={**manifest, "name": NAME, "standby": SPARES}).raise_for_status()
    return str(manifest["docker_image"])


def run_job(api: httpx.Client) -> tuple[float, dict[str, float]]:
    """Return the milliseconds of one job and its timings; it must have used a spare."""
    began = time.perf_counter()
    job = api.post("/jobs", json=JOB, headers=WAIT).json()
    elapsed_ms = (time.perf_counter() - began) * 1000
    assert job["status"] == "completed", job
    assert job["timings"]["start"] == "standby", job["timings"]
    return elapsed_ms, job["timings"]


def docker_run_ms(image: str) -> float:
    """Return the milliseconds of the same work by hand."""
    began = time.perf_counter()
    subprocess.run(
        ["docker", "run", "--rm", "-i", "--network", "none", "--read-only", image],
        input=json.dumps(JOB["input_data"]), text=True, capture_output=True, check=True,
    )  # fmt: skip
    return (time.perf_counter() - began) * 1000


def running_containers(image: str) -> int:
    """Return how many containers of an image run now."""
    listed = subprocess.run(
        ["docker", "ps", "-q", "--filter", f"ancestor={image}"], capture_output=True, text=True, check=True
    )
    return len(listed.stdout.split())
