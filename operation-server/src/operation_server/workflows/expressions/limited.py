"""The limited process: evaluates expressions, and may die of them without hurting anyone."""

from __future__ import annotations

import json
import socket
from typing import Any, Final

import orjson

from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.values import value_of
from satellite.schemas.frames import send_frame
from satellite.schemas.limited import serve

VALUE_BYTES_MAX: Final = 4_000_000
"""Of one value: a list of 10,000 items, each with room for its name and numbers."""


def main() -> None:
    """Serve until the server is gone."""
    serve(_answer)


def _answer(peer: socket.socket, asked: dict[str, Any], _: bytes, value: bytes) -> None:
    try:
        answer = orjson.dumps({"value": value_of(asked["expression"], json.loads(value))})
        if len(answer) > VALUE_BYTES_MAX:
            answer = _fault(f"its value is larger than {VALUE_BYTES_MAX} bytes")
    except (ExpressionFailed, orjson.JSONEncodeError) as error:
        answer = _fault(str(error))
    send_frame(peer, answer)


def _fault(message: str) -> bytes:
    return orjson.dumps({"fault": message})


if __name__ == "__main__":
    main()
