"""The API process: wires routers, middleware and what they need; nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis

from operation_server.accounts import endpoints as accounts
from operation_server.accounts.service import AccountService, ensure_admin
from operation_server.body_limit import BodyLimitMiddleware
from operation_server.dashboard import pages
from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.database.migrate import migrate
from operation_server.deadletters import endpoints as dead_letters
from operation_server.error_handlers import add_error_handlers
from operation_server.head_requests import HeadMiddleware
from operation_server.health import endpoints as health
from operation_server.jobs import endpoints as jobs
from operation_server.jobs.after_commit import AfterCommit
from operation_server.live import sse, websocket
from operation_server.live.account_watch import AccountWatch
from operation_server.live.event_publisher import EventPublisher
from operation_server.live.hub import Hub
from operation_server.live.shutdown import ending_streams_on_signal
from operation_server.metrics import endpoints as metrics
from operation_server.metrics.middleware import MetricsMiddleware
from operation_server.plugins import endpoints as plugins
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.problems import Problem, problem_responses
from operation_server.rejections import endpoints as rejections
from operation_server.request_id import RequestIdMiddleware
from operation_server.services import build_services
from operation_server.settings import AdminSettings, OperationSettings
from operation_server.statistics import endpoints as statistics
from operation_server.workers import endpoints as workers
from satellite.settings.database import DatabaseSettings
from satellite.settings.log_lines import configure_logging

PREFIX = "/api/v1"
ROUTERS = (
    # Routes are tried in this order, and those of jobs are asked for most.
    jobs.router,
    accounts.router,
    plugins.router,
    dead_letters.router,
    rejections.router,
    workers.router,
    statistics.router,
    sse.router,
    websocket.router,
)
DRAIN_TIMEOUT_S = 5.0
MAX_CLIENT_MESSAGE_BYTES = 65_536
"""The longest message of a WebSocket client, which has nothing to say."""


def create_process() -> FastAPI:
    """Return the application of a process of its own, as uvicorn starts it."""
    settings = OperationSettings()
    configure_logging(settings.log)
    return create_app(settings)


def create_app(settings: OperationSettings) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="Satellite",
        version="1",
        summary="Runs plugins as durable jobs.",
        lifespan=lambda app: run_parts(app, settings),
        # A body of no stated type is taken for JSON: callers show a token, which no foreign page can send.
        strict_content_type=False,
    )
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(pages.router)
    add_error_handlers(app)
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.api.max_body_bytes)
    app.add_middleware(RequestIdMiddleware)
    # Outside the others, so that it also counts what they refuse.
    app.add_middleware(MetricsMiddleware)
    # Outermost: it hands on a copy of the scope, in which the routing leaves what the metrics look for.
    app.add_middleware(HeadMiddleware)
    _describe_problems(app)
    return app


@contextlib.asynccontextmanager
async def run_parts(app: FastAPI, settings: OperationSettings) -> AsyncIterator[None]:
    """Keep what the endpoints need open while the application runs."""
    connections = Connections(settings.database, application_name="satellite-api")
    redis = Redis.from_url(settings.broker.redis_url, socket_connect_timeout=2, socket_timeout=5)
    hub = Hub(redis_url=settings.broker.redis_url, connections=connections)
    publisher = EventPublisher(engine=connections.transactions, redis=redis)
    services = build_services(settings, connections=connections, redis=redis, hub=hub, publisher=publisher)
    app.state.services = services
    # Without the database the process starts all the same, says so in /ready, and serves once it is back.
    with contextlib.suppress(*DATABASE_ERRORS):
        await ensure_admin(connections, settings.admin)
    watch = AccountWatch(hub, connections, changed=services[AccountService].forget_callers)
    async with hub.running(), watch.running():
        with ending_streams_on_signal(hub):
            yield
    services[SchemaChecks].close()
    await services[AfterCommit].drain(timeout_s=DRAIN_TIMEOUT_S)
    await publisher.aclose()
    await redis.aclose()
    await connections.dispose()


def serve() -> None:
    """Serve the API until a signal ends it."""
    settings = OperationSettings()
    configure_logging(settings.log)
    uvicorn.run(
        "operation_server.main:create_process",
        factory=True,
        # Not uvloop: after a restart of PostgreSQL a task waited for ever on a descriptor that the driver had
        # closed and opened again (a chaos run of 2026-11-21).
        loop="asyncio",
        host=settings.api.host,
        port=settings.api.port,
        workers=settings.api.workers,
        log_level=settings.log.level,
        # Its own form would let what an exception says begin a line.
        log_config=None,
        access_log=settings.log.level == "debug",
        timeout_graceful_shutdown=settings.api.drain_timeout_s,
        http="operation_server.request_deadline:DeadlineProtocol",
        ws="operation_server.live.prepared_frames:PreparedFramesProtocol",
        # Compressed frames would differ between clients, and cost more than they save.
        ws_per_message_deflate=False,
        ws_max_size=MAX_CLIENT_MESSAGE_BYTES,
        server_header=False,
    )


def prepare_database() -> None:
    """Bring the database to the newest schema and make the bootstrap admin; safe to repeat."""
    database = DatabaseSettings()
    migrate(database.url.get_secret_value())
    asyncio.run(_make_admin(database))


async def _make_admin(database: DatabaseSettings) -> None:
    connections = Connections(database, application_name="satellite-migrate")
    try:
        await ensure_admin(connections, AdminSettings())
    finally:
        await connections.dispose()


def _describe_problems(app: FastAPI) -> None:
    """Put into the API description what no route says of itself: error bodies, and what all bodies share."""
    describe: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        description = describe()
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {}) | {"Problem": problem}
            for operation in (each for path in description["paths"].values() for each in path.values()):
                if "requestBody" in operation:
                    operation["responses"] |= {"415": problem_responses(415)[415]}
        return description

    app.openapi = openapi  # type: ignore[method-assign]
