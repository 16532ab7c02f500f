"""Readiness probes: each returns quickly whether a server does its work.

They speak the few bytes of protocol they need, because a supervisor that imports a driver for each
server it watches would weigh more than some of these servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from pathlib import Path

PROBE_TIMEOUT_S = 2


async def exchange(port: int, request: bytes, *, enough: int = 1) -> bytes:
    """Send `request` to a loopback port and return the answer, `enough` bytes or more; empty on failure."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                answer = b""
                while len(answer) < enough:
                    more = await reader.read(65_536)
                    if not more:
                        break
                    answer += more
                return answer
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return b""


async def postgres_answers(port: int) -> bool:
    """Tell whether PostgreSQL takes log-ins: it asks for a password instead of refusing."""
    parameters = b"user\0satellite\0database\0postgres\0\0"
    startup = struct.pack(">ii", len(parameters) + 8, 196_608) + parameters
    return (await exchange(port, startup)).startswith(b"R")


async def redis_answers(port: int, password: str) -> bool:
    """Tell whether Redis has loaded its data."""
    return b"+PONG" in await exchange(port, redis_command("AUTH", password) + b"PING\r\n", enough=7)


async def http_answers(port: int, path: str) -> bool:
    """Tell whether a GET of `path` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    return b" 200 " in (await exchange(port, request, enough=15))[:15]


def log_says(log: Path, text: str, *, after: int) -> bool:
    """Tell whether `text` stands in a log past its first `after` bytes."""
    try:
        return text.encode() in log.read_bytes()[after:]
    except OSError:
        return False


async def heartbeat_is_of(port: int, password: str, key: str, process_id: int) -> bool:
    """Tell whether the worker's heartbeat under `key` comes from this very process."""
    request = redis_command("AUTH", password) + redis_command("GET", key)
    answer = await exchange(port, request, enough=8)
    start = answer.find(b"{")
    try:
        heartbeat = json.loads(answer[start : answer.rfind(b"}") + 1]) if start >= 0 else {}
    except ValueError:
        return False
    return bool(heartbeat.get("pid") == process_id)


def redis_command(*words: str) -> bytes:
    """Return a command as Redis reads it; nothing for a log-in without a password."""
    parts = [word.encode() for word in words]
    if words == ("AUTH", ""):
        return b""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
