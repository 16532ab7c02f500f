"""The limited process: compiles schemas and checks values, and may die of them without hurting anyone.

For each request it gets three frames (what to do, the schema, the value) and answers with a verdict; when the
verdict is `false`, a second answer says what is wrong, which may take longer than the process has.
"""

from __future__ import annotations

import json
import socket
from functools import partial
from typing import Any

from cachetools import LRUCache

from satellite.schemas.compiled import CompiledSchema, SchemaInvalid
from satellite.schemas.faults import Fault
from satellite.schemas.frames import send_frame
from satellite.schemas.limited import serve
from satellite.schemas.limits import MOST_COMPILED

TOO_DEEP = Fault("", "is nested too deeply to be checked")


def main() -> None:
    """Serve until the server is gone."""
    serve(partial(_serve, compiled=LRUCache(MOST_COMPILED)))


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


if __name__ == "__main__":
    main()
