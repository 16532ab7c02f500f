"""Sends one request again and again over kept connections, and does next to nothing else.

Python's HTTP clients take longer for a request than a small model does, and would be what is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

END_OF_HEAD = b"\r\n\r\n"


class Load(NamedTuple):
    """How long each request took, in milliseconds from the shortest on, and how many there were a second."""

    times_ms: list[float]
    rate: float

    def quantile(self, share: float) -> float:
        """Return the time within which this share of the requests was answered."""
        return self.times_ms[min(len(self.times_ms) - 1, int(share * len(self.times_ms)))]


def post_again_and_again(
    port: int, path: str, body: bytes, headers: Mapping[str, str], *, clients: int, seconds: float
) -> Load:
    """Let so many clients each send, wait for the answer, and send again; all answers must be 200."""
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{told}Content-Length: {len(body)}\r\n\r\n"
    return asyncio.run(_run(port, head.encode() + body, clients=clients, seconds=seconds))


async def _run(port: int, request: bytes, *, clients: int, seconds: float) -> Load:
    began = time.perf_counter()
    times = await asyncio.gather(*(_client(port, request, began + seconds) for _ in range(clients)))
    took_s = time.perf_counter() - began
    every = sorted(each for one in times for each in one)
    return Load(every, len(every) / took_s)


async def _client(port: int, request: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    while (sent := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(END_OF_HEAD)
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError((head + await reader.read(2_000)).decode())
        await _read_body(reader, head.lower())
        times.append((time.perf_counter() - sent) * 1000)
    writer.close()
    return times


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"transfer-encoding: chunked" not in head:
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
    await reader.readexactly(2)
