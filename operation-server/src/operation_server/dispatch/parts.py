"""What the processes of this feature are made of: their connections."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from operation_server.database.engine import AsyncEngine, Engine, create_blocking_engine, create_engine
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.health.sign_of_life import SignOfLife
from operation_server.incarnations.guard import DatabaseGuard
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.exposition import serve_metrics
from operation_server.metrics.recording import spans_dropped
from operation_server.settings import HealthSettings, MetricsSettings
from satellite.settings.broker import BrokerSettings
from satellite.settings.database import DatabaseSettings
from satellite.settings.observability import TracingSettings
from satellite.tracing.spans import start_tracing, stop_tracing

REDIS_TIMEOUTS: Final[dict[str, Any]] = {"socket_connect_timeout": 2, "socket_timeout": 5}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What both processes need."""

    database_url: str
    engine: AsyncEngine
    blocking_engine: Engine
    transactions: TransactionThread
    redis: Redis
    redis_url: str
    events: EventPublisher
    life: SignOfLife
    guard: DatabaseGuard


@contextlib.asynccontextmanager
async def open_parts(name: str) -> AsyncIterator[Parts]:
    """Open the connections that the environment names, until the block ends."""
    database, broker = DatabaseSettings(), BrokerSettings()
    serve_metrics(MetricsSettings())
    start_tracing(TracingSettings(), process=f"satellite-{name}", dropped=spans_dropped)
    engine = create_engine(database, application_name=f"satellite-{name}")
    blocking_engine = create_blocking_engine(database, application_name=f"satellite-{name}")
    redis = Redis.from_url(broker.redis_url, **REDIS_TIMEOUTS)
    events = EventPublisher(engine=engine, redis=redis)
    transactions = TransactionThread(blocking_engine)
    try:
        yield Parts(
            database_url=database.url.get_secret_value(),
            engine=engine,
            blocking_engine=blocking_engine,
            transactions=transactions,
            redis=redis,
            redis_url=broker.redis_url,
            events=events,
            life=SignOfLife(HealthSettings().dir, name),
            guard=DatabaseGuard(engine.connect, redis),
        )
    finally:
        transactions.close()
        blocking_engine.dispose()
        await events.aclose()
        await redis.aclose()
        await engine.dispose()
        stop_tracing()
