"""Drives load and faults against one running stack, then counts."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.platform import Platform
from tests.chaos.faults import CONTAINER_FAULTS, FAULTS
from tests.chaos.tally import Tally

SETTLE_S = 180
"""After the last fault every job must have ended within this time."""

FAILING = "example-failing"
WARM = "example-warm"
TERMINAL = {"completed", "failed", "cancelled"}


def run(*, jobs: int, seed: int, runtime: str, pause_s: float, faults: Sequence[str]) -> Tally:
    """Start a stack, submit jobs while faults strike in shuffled rounds, and count what came of the jobs."""
    tally = Tally(seed=seed)
    home = Path(tempfile.mkdtemp(prefix="satellite-chaos-"))
    home.chmod(0o755)
    platform = Platform(
        home,
        arguments=("--no-demo", "--runtime", runtime, "--slots", "16"),
        # More than there are, because these jobs sleep.
        environment={"SATELLITE_WORKER_CPUS": "32"},
    )
    began = time.monotonic()
    try:
        with small_disk(home / "workers"):
            drive(platform, tally, jobs=jobs, pause_s=pause_s, faults=faults)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    tally.duration_s = time.monotonic() - began
    return tally


def drive(platform: Platform, tally: Tally, *, jobs: int, pause_s: float, faults: Sequence[str]) -> None:
    """Run load and faults on a platform that is started and stopped here."""
    try:
        platform.start()
        platform.wait_worker_ready()
        load = Load(platform, jobs=jobs, seed=tally.seed)
        load.start()
        strike(platform, load, tally, order=fault_order(faults, tally.seed), pause_s=pause_s)
        load.join()
        count(platform, load, tally)
    except BaseException:
        tell_what_was_said(platform)
        raise
    finally:
        platform.stop()


def tell_what_was_said(platform: Platform) -> None:
    """Print the end of all that the platform has said, before it is gone."""
    print(platform.output[-3000:])
    for log in sorted((platform.home / "logs").glob("*.log")):
        print(f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put a file system of its own under a folder, so that it can be filled without harm to the machine."""
    folder.mkdir(parents=True)
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(folder)], check=False
        ).returncode
        == 0
    )
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


class Load(threading.Thread):
    """Submits jobs with idempotency keys and repeats each submission until it is answered."""

    def __init__(self, platform: Platform, *, jobs: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.platform = platform
        self.inputs = list(make_inputs(jobs, seed))
        self.seed = seed
        self.ids: dict[int, str] = {}
        """Job id -> what its input asks for."""

    def run(self) -> None:
        with connect(self.platform) as client:
            self.submit(client)

    def submit(self, client: httpx.Client) -> None:
        """Submit every input."""
        for number, (plugin_name, input_data) in enumerate(self.inputs):
            body = {"plugin_name": plugin_name, "input_data": input_data}
            answer = persist(
                lambda client=client, body=body, number=number: client.post(  # type: ignore[misc]
                    "/jobs", json=body, headers={"Idempotency-Key": f"chaos-{self.seed}-{number}"}
                )
            )
            self.ids[answer["id"]] = input_data.get("how", "ok")
            time.sleep(0.02)


def make_inputs(jobs: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield plugins and inputs: a mix of lengths, cold and warm, a few of them failing for good."""
    dice = random.Random(seed)
    for number in range(jobs):
        chance = dice.random()
        if chance < 0.03:
            yield FAILING, {"how": "refuse"}
        elif chance < 0.08:
            yield FAILING, {"how": "sleep", "seconds": dice.choice([1, 2, 5])}
        elif chance < 0.2:
            yield FAILING, {"how": "sleep", "seconds": round(dice.uniform(0.05, 0.5), 2)}
        elif chance < 0.35:
            yield FAILING, {"how": "ok"}
        else:
            yield WARM, {"text": f"a good day, number {number}"}


def fault_order(faults: Sequence[str], seed: int) -> Iterator[str]:
    """Yield all faults in shuffled rounds, for ever."""
    dice = random.Random(seed)
    while True:
        yield from dice.sample(list(faults), len(faults))


def strike(platform: Platform, load: Load, tally: Tally, *, order: Iterator[str], pause_s: float) -> None:
    """Let faults happen while jobs are being submitted, each at least once, and time the recoveries."""
    struck: set[str] = set()
    for fault in order:
        if not load.is_alive() and fault in struck:
            return
        struck.add(fault)
        print(f"{datetime.now(UTC):%H:%M:%S} {fault} ({len(load.ids)} jobs submitted)", flush=True)
        (FAULTS | CONTAINER_FAULTS)[fault](platform)
        tally.recoveries_s.setdefault(fault, []).append(time_recovery(platform))
        time.sleep(pause_s)


def time_recovery(platform: Platform) -> float:
    """Return the seconds until a fresh urgent job, submitted right after the fault, has completed."""
    began = time.monotonic()
    with connect(platform) as client:
        body = {"plugin_name": FAILING, "input_data": {"how": "ok"}, "priority": 9}
        key = f"probe-{began}"
        job = persist(lambda: client.post("/jobs", json=body, headers={"Idempotency-Key": key}))
        path = f"/jobs/{job['id']}"
        while job["status"] not in TERMINAL:
            time.sleep(0.2)
            job = persist(lambda: client.get(path))
    return time.monotonic() - began


def connect(platform: Platform) -> httpx.Client:
    """Log in, however long the API is away."""
    client: httpx.Client = until_no_error(platform.api)
    return client


def persist(call: Callable[[], httpx.Response]) -> dict[str, Any]:
    """Repeat a request until it is answered with success; a client of a killed server has to."""

    def attempt() -> dict[str, Any]:
        answer = call()
        if answer.status_code >= 500:
            raise httpx.HTTPError(answer.text)
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body

    body: dict[str, Any] = until_no_error(attempt)
    return body


def until_no_error(call: Callable[[], Any], *, timeout_s: float = 90) -> Any:
    """Call until no HTTP error comes; raise the last one at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
            return call()
        if time.monotonic() > deadline:
            return call()
        time.sleep(0.2)


def count(platform: Platform, load: Load, tally: Tally) -> None:
    """Wait until all jobs have ended and sort them into the tally."""
    deadline = time.monotonic() + SETTLE_S
    tally.submitted = len(load.ids)
    with connect(platform) as client:
        for job_id, how in load.ids.items():
            job = persist(lambda job_id=job_id: client.get(f"/jobs/{job_id}"))  # type: ignore[misc]
            while job["status"] not in TERMINAL and time.monotonic() < deadline:
                time.sleep(0.5)
                job = persist(lambda job_id=job_id: client.get(f"/jobs/{job_id}"))  # type: ignore[misc]
            judge(client, tally, job, how)
    tally.lost += sorted(set(range(len(load.inputs) - len(load.ids))))


def judge(client: httpx.Client, tally: Tally, job: dict[str, Any], how: str) -> None:
    """Sort one ended job into the tally."""
    tally.attempts += job["attempt"]
    if job["status"] not in TERMINAL:
        tally.stuck.append(job["id"])
    elif how == "refuse" and job["status"] == "failed" and job["error"]["kind"] == "input":
        tally.failed_as_meant += 1
    elif job["status"] == "completed" and how != "refuse":
        tally.completed += 1
    else:
        tally.wrongly_failed.append((job["id"], f"{job['status']}: {job.get('error_message')}"))
    events = persist(lambda: client.get(f"/jobs/{job['id']}/events"))["items"]
    if sum(event["type"] == "result" for event in events) > 1:
        tally.doubled.append(job["id"])
