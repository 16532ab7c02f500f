"""The faults: each finds the real process of a running stack and hurts it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Callable

import redis

from tests.acceptance.platform import Platform

MARKS = {
    "api": r"operation-server\S* api",
    "dispatcher": r"operation-server\S* dispatcher",
    "results": r"operation-server\S* results",
    "worker": r"analysis_server\S* worker",
    "executor": r"ray::PluginExecutorActor",
    "raylet": r"raylet/raylet",
    "redis": r"redis-server",
    "postgres": r"bin/postgres -D",
}


def find_processes(platform: Platform, part: str) -> list[int]:
    """Return the process ids of a part of the stack."""
    pattern = re.compile(MARKS[part])
    return [int(line.split()[0]) for line in platform.leftover_processes() if pattern.search(line)]


def kill(platform: Platform, part: str, signal_number: int = signal.SIGKILL) -> None:
    """Send a signal to a part."""
    for process_id in find_processes(platform, part):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal_number)


def redis_client(platform: Platform) -> redis.Redis:
    """Return a client of the stack's Redis."""
    for line in platform.leftover_processes():
        found = re.search(r"redis-server.*?(?:--port |:)(\d+)", line)
        if found:
            password = (platform.home / "redis-password").read_text().strip()
            return redis.Redis(port=int(found.group(1)), password=password)
    raise LookupError("the stack runs no Redis")


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
    """End the Docker engine; whoever watches it starts it again."""
    subprocess.run(["pkill", "-HUP", "-x", "dockerd"], check=False)


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
    "postgres stop": lambda platform: kill(platform, "postgres", signal.SIGINT),
}
