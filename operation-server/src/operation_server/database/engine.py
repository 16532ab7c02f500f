"""The engine of a process."""

from __future__ import annotations

import select
from typing import Any

import sqlalchemy
from pydantic_core import from_json
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from satellite.contracts.json_text import write_json
from satellite.settings.database import DatabaseSettings

__all__ = [
    "AsyncEngine",
    "Engine",
    "create_blocking_engine",
    "create_engine",
]

KEEPALIVES: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""So that a connection to a machine that is gone ends, instead of waiting for ever."""


def create_engine(
    settings: DatabaseSettings, *, application_name: str, autocommit: bool = False
) -> AsyncEngine:
    """Return an async engine on psycopg that replaces connections the server has closed."""
    options = _options(settings, application_name)
    if autocommit:
        options["isolation_level"] = "AUTOCOMMIT"
    engine = create_async_engine(settings.url.get_secret_value(), **options)
    event.listen(engine.sync_engine, "checkout", refuse_closed_connection)
    return engine


def create_blocking_engine(settings: DatabaseSettings, *, application_name: str) -> Engine:
    """Return an engine for threads, with the same options."""
    engine = sqlalchemy.create_engine(settings.url.get_secret_value(), **_options(settings, application_name))
    event.listen(engine, "checkout", refuse_closed_connection)
    return engine


def _options(settings: DatabaseSettings, application_name: str) -> dict[str, Any]:
    return {
        # What fails is logged, and parameters are payloads and digests.
        "hide_parameters": True,
        "pool_size": settings.pool_size,
        "max_overflow": settings.max_overflow,
        # Not orjson: it makes floats of whole numbers beyond 64 bits, or refuses them.
        "json_serializer": write_json,
        "json_deserializer": from_json,
        "connect_args": {
            "application_name": application_name,
            "connect_timeout": 5,
            "options": f"-c statement_timeout={int(settings.statement_timeout_s * 1000)} -c timezone=UTC",
            **KEEPALIVES,
        },
    }


def refuse_closed_connection(pooled: Any, record: Any, proxy: Any) -> None:
    """Make the pool replace a connection that the server has closed meanwhile.

    An idle connection has nothing to read; one that has was told of its end. Looking at the socket
    costs a system call, where `pool_pre_ping` costs a round trip on every request.
    """
    del pooled, proxy
    connection = record.driver_connection.pgconn
    try:
        poller = select.poll()
        poller.register(connection.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
        closed = bool(poller.poll(0))
    except Exception as exc:  # A closed connection has no socket; the driver's error type varies.
        raise DisconnectionError("the connection is closed") from exc
    if closed:
        raise DisconnectionError("the server closed the connection")
