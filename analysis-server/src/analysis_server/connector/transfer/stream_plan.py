"""How many streams, and how much under way in each, by how long the way is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from analysis_server.connector.ssh.port import DEFAULT_WINDOW_BYTES

AIM_BYTES_PER_S: Final = 150_000_000
SERVER_WINDOW_BYTES: Final = 2 * 1024 * 1024
"""What OpenSSH lets us send ahead in a session; what it sends ahead is what we allow."""
PUT_STREAMS_MAX: Final = 8
GET_STREAMS: Final = 2
GET_WINDOW_BYTES_MAX: Final = 32 * 1024 * 1024
BYTES_A_STREAM: Final = 8 * 1024 * 1024
"""For less, another stream costs more than it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """How many streams, and the window of each."""

    streams: int
    window_bytes: int


def plan_put(bytes_left: int, rtt_s: float) -> StreamPlan:
    """Return with what files are sent."""
    wished = math.ceil(AIM_BYTES_PER_S * rtt_s / SERVER_WINDOW_BYTES)
    streams = max(1, min(PUT_STREAMS_MAX, wished, math.ceil(bytes_left / BYTES_A_STREAM)))
    return StreamPlan(streams=streams, window_bytes=DEFAULT_WINDOW_BYTES)


def plan_get(bytes_left: int, rtt_s: float) -> StreamPlan:
    """Return with what files are fetched."""
    streams = max(1, min(GET_STREAMS, math.ceil(bytes_left / BYTES_A_STREAM)))
    under_way = int(2 * AIM_BYTES_PER_S * rtt_s / streams)
    window_bytes = max(DEFAULT_WINDOW_BYTES, min(GET_WINDOW_BYTES_MAX, under_way))
    return StreamPlan(streams=streams, window_bytes=window_bytes)
