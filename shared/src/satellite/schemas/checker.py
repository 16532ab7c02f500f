"""The limited process: compiles schemas and checks values, and may die of them without hurting anyone.

For each request it gets three frames (what to do, the schema, the value) and answers with a verdict; when the
verdict is `false`, a second answer says what is wrong, which may take longer than the process has.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any

from cachetools import LRUCache

from satellite.schemas.compiled import CompiledSchema, SchemaInvalid
from satellite.schemas.faults import Fault
from satellite.schemas.frames import receive_frame, send_frame
from satellite.schemas.limits import CPU_S, IDLE_S, MEMORY_MIB, MOST_COMPILED

TOO_DEEP = Fault("", "is nested too deeply to be checked")


def main() -> None:
    """Serve the socket whose descriptor is the only argument, until it is closed or idle for long."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB * 2**20, MEMORY_MIB * 2**20))
    peer = socket.socket(fileno=int(sys.argv[1]))
    compiled: LRUCache[str, CompiledSchema] = LRUCache(MOST_COMPILED)
    with contextlib.suppress(EOFError, ConnectionError):
        while select.select([peer], [], [], IDLE_S)[0]:
            asked, schema, value = (receive_frame(peer) for _ in range(3))
            _renew_time()
            _serve(peer, json.loads(asked), schema, value, compiled)
            if _is_bloated():
                return


def _serve(
    peer: socket.socket,
    asked: dict[str, Any],
    schema: bytes,
    value: bytes,
    compiled: LRUCache[str, CompiledSchema],
) -> None:
    try:
        if asked["do"] == "compile":
            CompiledSchema(json.loads(schema)).try_out()
            _answer(peer, is_valid=True)
            return
        checks = _compile(compiled, asked["key"], schema)
        parsed = json.loads(value)
        is_valid = checks.is_valid(parsed)
        _answer(peer, is_valid=is_valid)
        if not is_valid:
            send_frame(peer, json.dumps(checks.faults(parsed, list_all=asked["list_all"])).encode())
    except SchemaInvalid as exc:
        _answer(peer, invalid_schema=exc.fault)
    except RecursionError:
        _answer(peer, is_valid=False)
        send_frame(peer, json.dumps([TOO_DEEP]).encode())


def _compile(compiled: LRUCache[str, CompiledSchema], key: str, schema: bytes) -> CompiledSchema:
    known = compiled.get(key)
    if known is None:
        known = compiled[key] = CompiledSchema(json.loads(schema))
    return known


def _answer(peer: socket.socket, **verdict: Any) -> None:
    send_frame(peer, json.dumps(verdict).encode())


def _renew_time() -> None:
    """Give the process its time for the next request; passing it, the kernel ends the process."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_S, most))


def _is_bloated() -> bool:
    """Tell whether the last request took so much memory that the next one may have too little."""
    # Not `ru_maxrss`: the kernel hands a child that of its parent, and servers are larger than this limit.
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return resident_pages * resource.getpagesize() > MEMORY_MIB * 2**20 // 4


if __name__ == "__main__":
    main()
