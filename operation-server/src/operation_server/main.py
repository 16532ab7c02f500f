"""The API process: wires routers, middleware and what they need; nothing else."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Sequence

import uvicorn
from fastapi import APIRouter, FastAPI
from redis.asyncio import Redis
from starlette.routing import BaseRoute

from operation_server.accounts import endpoints as accounts
from operation_server.accounts.callers import Callers
from operation_server.accounts.keys import endpoints as api_keys
from operation_server.accounts.keys.usage import KeyUsage
from operation_server.accounts.limits import endpoints as account_limits
from operation_server.accounts.route_rules import rules_of
from operation_server.accounts.service import ensure_admin
from operation_server.accounts.sessions import endpoints as sessions
from operation_server.api_description import add_description
from operation_server.artifacts import endpoints as artifacts
from operation_server.audit import endpoints as audit
from operation_server.body_limit import BodyLimitMiddleware
from operation_server.clusters import endpoints as clusters
from operation_server.clusters.reporting import endpoints as cluster_reporting
from operation_server.dashboard import pages
from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.deadletters import endpoints as dead_letters
from operation_server.error_handlers import add_error_handlers
from operation_server.files import endpoints as files
from operation_server.files.attempts import endpoints as attempt_files
from operation_server.files.uploads import endpoints as uploads
from operation_server.gpu_jobs import endpoints as gpu_jobs
from operation_server.gpu_jobs.workspaces import endpoints as workspaces
from operation_server.head_requests import HeadMiddleware
from operation_server.health import endpoints as health
from operation_server.incarnations.guard import DatabaseGuard
from operation_server.incarnations.middleware import RestoredMiddleware
from operation_server.incarnations.watch import DatabaseWatch
from operation_server.inference import endpoints as inference
from operation_server.jobs import endpoints as jobs
from operation_server.jobs.after_commit import AfterCommit
from operation_server.limits.headers import RateHeadersMiddleware
from operation_server.limits.rates import Rates
from operation_server.live import sse, websocket
from operation_server.live.account_watch import AccountWatch
from operation_server.live.event_publisher import EventPublisher
from operation_server.live.hub import Hub
from operation_server.live.shutdown import ending_streams_on_signal
from operation_server.metrics import endpoints as metrics
from operation_server.metrics.middleware import MetricsMiddleware
from operation_server.metrics.recording import spans_dropped
from operation_server.monitoring import endpoints as monitoring
from operation_server.notifications import endpoints as notifications
from operation_server.plugins import endpoints as plugins
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.process_end import end_after_requests
from operation_server.registry import endpoints as registry
from operation_server.rejections import endpoints as rejections
from operation_server.request_id import RequestIdMiddleware
from operation_server.secrets import endpoints as secrets
from operation_server.secrets.commands import require_used_keys
from operation_server.secrets.giving import endpoints as secret_giving
from operation_server.security_headers import SecurityHeadersMiddleware
from operation_server.services import build_services
from operation_server.settings import OperationSettings
from operation_server.statistics import endpoints as statistics
from operation_server.trail.origin import OriginMiddleware
from operation_server.trailing_slash import TrailingSlashMiddleware
from operation_server.workers import endpoints as workers
from operation_server.workflows import endpoints as workflows
from operation_server.workflows.expressions.evaluator import Evaluator
from satellite.settings.log_lines import configure_logging
from satellite.tracing.spans import start_tracing, stop_tracing

PREFIX = "/api/v1"
ROUTERS = (
    # Routes are tried in this order, and those of jobs are asked for most.
    jobs.router,
    sessions.router,
    accounts.router,
    api_keys.router,
    account_limits.router,
    plugins.router,
    registry.router,
    inference.router,
    workflows.router,
    monitoring.router,
    dead_letters.router,
    rejections.router,
    workers.router,
    statistics.router,
    files.router,
    uploads.router,
    attempt_files.router,
    artifacts.router,
    secrets.router,
    secret_giving.router,
    clusters.router,
    cluster_reporting.router,
    gpu_jobs.router,
    workspaces.router,
    notifications.router,
    audit.router,
    sse.router,
    websocket.router,
)
STRICT_CONTENT_TYPE = False
"""A body of no stated type is taken for JSON: callers show a token, which no foreign page can send, or a
cookie, which is taken from pages of this server only."""
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
        strict_content_type=STRICT_CONTENT_TYPE,
        # Their pages run scripts of elsewhere, and inline ones; `dashboard/` has one of our own. The
        # document would be made in the event loop.
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
    )
    app.router.routes.extend(_routes())
    add_description(app)
    app.state.rules = rules_of(app.routes)
    app.state.open_sign_up = settings.auth.open_sign_up
    app.state.cookie_secure = settings.auth.cookie_secure
    app.state.metrics_token = settings.metrics.token
    app.state.worker_token = settings.api.worker_token
    app.state.flower_url = settings.api.flower_url
    add_error_handlers(app)
    app.state.file_bytes_max = settings.files.max_bytes
    app.add_middleware(BodyLimitMiddleware, bytes_max=settings.api.max_body_bytes)
    app.add_middleware(RateHeadersMiddleware)
    app.add_middleware(
        RestoredMiddleware, refusal=lambda scope: scope["app"].state.services[DatabaseWatch].refusal
    )
    app.add_middleware(OriginMiddleware)
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    # Outside the others, so that it also counts what they refuse.
    app.add_middleware(MetricsMiddleware)
    app.add_middleware(TrailingSlashMiddleware)
    # Outermost: it hands on a copy of the scope, in which the routing leaves what the metrics look for.
    app.add_middleware(HeadMiddleware)
    return app


@functools.cache
def _routes() -> Sequence[BaseRoute]:
    """Return all routes.

    They are worked out once, which takes 0.4 s (2026-12-01): tests make hundreds of applications.
    """
    router = APIRouter(strict_content_type=STRICT_CONTENT_TYPE)
    for each in ROUTERS:
        router.include_router(each, prefix=PREFIX)
    for each in (health.router, metrics.router, pages.router):
        router.include_router(each)
    return router.routes


@contextlib.asynccontextmanager
async def run_parts(app: FastAPI, settings: OperationSettings) -> AsyncIterator[None]:
    """Keep what the endpoints need open while the application runs, however it ends."""
    async with contextlib.AsyncExitStack() as stack:
        start_tracing(settings.tracing, process="satellite-api", dropped=spans_dropped)
        stack.callback(stop_tracing)
        connections = Connections(settings.database, application_name="satellite-api")
        stack.push_async_callback(connections.dispose)
        redis = Redis.from_url(settings.broker.redis_url, socket_connect_timeout=2, socket_timeout=5)
        stack.push_async_callback(redis.aclose)
        rates = Rates(settings.broker.redis_url)
        stack.push_async_callback(rates.aclose)
        publisher = EventPublisher(engine=connections.transactions, redis=redis)
        stack.push_async_callback(publisher.aclose)
        hub = Hub(redis_url=settings.broker.redis_url, connections=connections)
        database = DatabaseWatch(DatabaseGuard(connections.connect, redis, end=end_after_requests))
        services = build_services(
            settings,
            connections=connections,
            redis=redis,
            hub=hub,
            publisher=publisher,
            rates=rates,
            watch=database,
        )
        stack.push_async_callback(services[AfterCommit].drain, timeout_s=DRAIN_TIMEOUT_S)
        stack.callback(services[SchemaChecks].close)
        stack.callback(services[Evaluator].close)
        app.state.services = services
        # Without the database the process starts all the same, says so in /ready, and serves once it is back.
        with contextlib.suppress(*DATABASE_ERRORS):
            await ensure_admin(connections, settings.admin)
        watch = AccountWatch(hub, connections, changed=services[Callers].forget)
        async with database.running(), hub.running(), watch.running(), services[KeyUsage].running():
            with ending_streams_on_signal(hub):
                yield


def serve() -> None:
    """Serve the API until a signal ends it."""
    settings = OperationSettings()
    configure_logging(settings.log)
    require_used_keys(settings)
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
