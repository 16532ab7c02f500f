"""What Satellite adds to a container run, against `docker run` of the same image."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time

from tests.acceptance.platform import Platform
from tests.performance.figure import Figure

INPUT = '{"how": "ok"}'


def measure(platform: Platform, *, rounds: int, runs: int = 10) -> list[Figure]:
    """Compare `oneshot` jobs with `docker run`, in turn; nothing where no engine answers."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return []
    with platform.api() as api:
        image = api.get("/plugins/example-failing").json()["docker_image"]
        direct, jobs = [], []
        for _ in range(runs * max(1, rounds // 3)):
            began = time.perf_counter()
            subprocess.run(
                ["docker", "run", "--rm", "-i", "--network", "none", "--read-only", image],
                input=INPUT, text=True, capture_output=True, check=True,
            )  # fmt: skip
            direct.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            answer = api.post(
                "/jobs",
                json={"plugin_name": "example-failing", "input_data": {"how": "ok"}},
                headers={"Prefer": "wait=60"},
            )
            assert answer.json()["status"] == "completed", answer.text
            jobs.append((time.perf_counter() - began) * 1000)
    job, floor = statistics.median(jobs), statistics.median(direct)
    return [
        Figure(name="oneshot container job, REST to result", value=job, unit="ms", floor=floor,
               floor_name="docker run", target="floor + 150 ms"),
        Figure(name="added to docker run", value=job - floor, unit="ms", target="<= 150 ms"),
    ]  # fmt: skip
