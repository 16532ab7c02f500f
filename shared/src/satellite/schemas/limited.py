"""How a limited process serves its server: one request after the other, each with its own time and memory."""

from __future__ import annotations

import contextlib
import json
import math
import resource
import select
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from satellite.schemas.frames import receive_frame
from satellite.schemas.limits import CPU_S, IDLE_S, MEMORY_MIB

Answer: TypeAlias = Callable[[socket.socket, dict[str, Any], bytes, bytes], None]


def serve(answer: Answer) -> None:
    """Answer what comes by the socket whose descriptor is the only argument, until its end or a long rest."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB * 2**20, MEMORY_MIB * 2**20))
    peer = socket.socket(fileno=int(sys.argv[1]))
    with contextlib.suppress(EOFError, ConnectionError):
        while select.select([peer], [], [], IDLE_S)[0]:
            asked, one, other = (receive_frame(peer) for _ in range(3))
            _renew_time()
            answer(peer, json.loads(asked), one, other)
            if _is_bloated():
                return


def _renew_time() -> None:
    """Give the process its time for the next request; passing it, the kernel ends the process."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_S, most))


def _is_bloated() -> bool:
    """Tell whether the last request took so much memory that the next one may have too little."""
    # Not `ru_maxrss`: the kernel hands a child that of its parent, and servers are larger than this limit.
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return resident_pages * resource.getpagesize() > MEMORY_MIB * 2**20 // 4
