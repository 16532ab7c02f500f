"""Where the results consumer gets its messages: a port with an adapter for each broker, and their form."""

from __future__ import annotations

import base64
from typing import Any, Protocol

import orjson

BLOCK_S = 2
"""So long a source waits for messages."""


class ResultsSource(Protocol):
    """Gives each message again and again until it was applied; for one task at a time."""

    async def take(self, limit: int) -> list[bytes]:
        """Return the next messages, oldest first; none when there were none for a while.

        Raises:
            Exception: an outage, where the broker does not answer.
        """

    async def done(self) -> None:
        """Forget what was taken, because it was applied."""

    async def recover(self) -> int:
        """Let what was taken and not applied be taken again; return how many messages it was.

        What another consumer still works on is then applied twice, which changes nothing the second time.

        Raises:
            Exception: an outage, where the broker does not answer.
        """

    async def release(self) -> None:
        """Let another consumer have what comes; `take` begins anew."""


class ReceivedTask:
    """A Celery message for the operation server: the task's name and its one argument."""

    __slots__ = ("argument", "name")

    def __init__(self, name: str, argument: dict[str, Any]) -> None:
        self.name = name
        self.argument = argument


def decode(raw: bytes) -> ReceivedTask:
    """Return the task of a message of the virtual transport.

    Raises:
        Exception: of whatever kind, where it is no such message.
    """
    message = orjson.loads(raw)
    return ReceivedTask(message["headers"]["task"], orjson.loads(body_of(message))[0][0])


def body_of(message: dict[str, Any]) -> bytes:
    """Return the body of a message of the virtual transport, as its sender wrote it."""
    body = message["body"]
    if message["properties"].get("body_encoding") == "base64":
        return base64.b64decode(body)
    return str(body).encode()


def envelope(body: bytes | str, headers: dict[str, Any] | None) -> bytes:
    """Return a message of AMQP in the form of the virtual transport, whatever is in it."""
    told = {"body": body, "headers": headers or {}, "properties": {}}
    try:
        if isinstance(body, bytes):
            told["body"] = body.decode()
        return orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS)
    except ValueError:
        # Something that no worker sends; as it is set aside, its bytes are kept.
        raw = body.encode(errors="surrogatepass") if isinstance(body, str) else body
        encoded = base64.b64encode(raw).decode()
        kept = {"body": encoded, "headers": {}, "properties": {"body_encoding": "base64"}}
        return orjson.dumps(kept)
