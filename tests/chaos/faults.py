"""The faults: each finds the real process of a running stack and hurts it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import redis

from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until

MARKS = {
    "api": r"operation-server\S* api",
    "dispatcher": r"operation-server\S* dispatcher",
    "results": r"operation-server\S* results",
    "worker": r"analysis_server\S* worker",
    "executor": r"ray::PluginExecutorActor",
    "plugin": r"/environments/\S+/bin/python",
    "raylet": r"raylet/raylet",
    "redis": r"redis-server",
    "postgres": r"bin/postgres -D",
}


def find_processes(platform: Platform, part: str) -> list[int]:
    """Return the process ids of a part of the stack.

    By descent, because Redis and Ray's actors write over the memory that shows their environment.
    """
    assert platform.process is not None
    pattern = re.compile(MARKS[part])
    found = []
    for process in psutil.Process(platform.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if pattern.search(" ".join(process.cmdline())):
                found.append(process.pid)
    return found


def kill(platform: Platform, part: str, signal_number: int = signal.SIGKILL) -> None:
    """Send a signal to a part."""
    for process_id in find_processes(platform, part):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal_number)


def listening_port(platform: Platform, part: str) -> int:
    """Return the port of a server of the stack; raise `ValueError` while it does not run."""
    [process_id] = find_processes(platform, part)
    [port] = {c.laddr.port for c in psutil.Process(process_id).net_connections() if c.status == "LISTEN"}
    return int(port)


def redis_url(platform: Platform) -> str:
    """Return the URL of the stack's Redis."""
    password = (platform.home / "redis-password").read_text().strip()
    return f"redis://:{password}@127.0.0.1:{listening_port(platform, 'redis')}/0"


def redis_client(platform: Platform) -> redis.Redis:
    """Return a client of the stack's Redis."""
    client: redis.Redis = redis.Redis.from_url(redis_url(platform), socket_timeout=5)
    return client


def flush(platform: Platform) -> None:
    """Let Redis forget everything."""
    with redis_client(platform) as client:
        client.flushall()


def cut_connections(platform: Platform) -> None:
    """Cut every client's connection to Redis."""
    with redis_client(platform) as client:
        client.client_kill_filter(_type="normal", skipme=True)
        client.client_kill_filter(_type="pubsub", skipme=True)


def restart_docker(_: Platform) -> None:
    """Stop the Docker engine and start it again."""
    subprocess.run(["pkill", "-TERM", "-x", "dockerd"], check=False)
    wait_until(
        lambda: subprocess.run(["pgrep", "-x", "dockerd"], check=False, capture_output=True).returncode,
        timeout_s=60,
    )
    subprocess.run(["bash", ".ci/docker-engine"], check=True)


def fill_disk(platform: Platform, *, hold_s: float = 4) -> None:
    """Fill the file system that holds the worker's state, and make room again after a while."""
    folder = platform.home / "workers"
    assert folder.is_mount(), "without a file system of its own the machine's disk would be filled"
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 1024 * 1024)
    time.sleep(hold_s)
    ballast.unlink(missing_ok=True)


DISK_FULL = "worker disk full"

FAULTS: dict[str, Callable[[Platform], None]] = {
    "kill api": lambda platform: kill(platform, "api"),
    "kill dispatcher": lambda platform: kill(platform, "dispatcher"),
    "kill results consumer": lambda platform: kill(platform, "results"),
    "kill worker": lambda platform: kill(platform, "worker"),
    "kill executor": lambda platform: kill(platform, "executor"),
    "kill raylet": lambda platform: kill(platform, "raylet"),
    "redis FLUSHALL": flush,
    "redis CLIENT KILL": cut_connections,
    "redis stop": lambda platform: kill(platform, "redis", signal.SIGTERM),
    "redis kill": lambda platform: kill(platform, "redis"),
    DISK_FULL: fill_disk,
    "postgres stop": lambda platform: kill(platform, "postgres", signal.SIGINT),
}

CONTAINER_FAULTS: dict[str, Callable[[Platform], None]] = {"docker restart": restart_docker}
"""Faults that only hurt where jobs run in containers."""
