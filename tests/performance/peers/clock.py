"""What every peer's program does: take its arguments, start servers, time calls, print one line of JSON."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WARM_UP_CALLS = 5
START_TIMEOUT_S = 90
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Load:
    """How much is asked of a peer, and the Redis that it may use."""

    redis_url: str
    calls: int
    jobs: int


def read_load() -> Load:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    arguments = parser.parse_args()
    os.environ["PEER_REDIS_URL"] = arguments.redis
    return Load(arguments.redis, arguments.calls, arguments.jobs)


def measure(
    name: str, *, once: Callable[[], object], many: Callable[[int], object], calls: int, jobs: int, kept: str
) -> None:
    """Time single calls, one after the other, and many at a time; print what came out.

    `kept` says in words what is left of a job when a process dies.
    """
    for _ in range(WARM_UP_CALLS if calls > WARM_UP_CALLS else 1):
        once()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        once()
        times.append((time.perf_counter() - began) * 1000)
    began = time.perf_counter()
    many(jobs)
    rate = jobs / (time.perf_counter() - began)
    told = {"name": name, "times_ms": times, "jobs": jobs, "jobs_per_s": rate, "kept": kept}
    print(json.dumps(told), flush=True)


@contextlib.contextmanager
def started(
    command: Sequence[str], env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server of the peer until the block ends; what it prints goes to stderr."""
    process = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdout=sys.stderr, start_new_session=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509 - started before any thread is
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_with_parent() -> None:
    """Have the kernel end this process with its parent, however that ends; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for(answers: Callable[[], object], timeout_s: float = START_TIMEOUT_S) -> None:
    """Ask until there is an answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            answers()
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def wait_for_http(url: str) -> None:
    """Wait until a server answers, whatever it says."""

    def ask() -> None:
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(url, timeout=2):
            pass

    wait_for(ask)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def program(name: str) -> str:
    """Return a console script of this environment."""
    return str(Path(sys.executable).with_name(name))
