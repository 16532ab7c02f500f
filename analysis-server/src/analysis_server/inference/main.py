"""The process of the direct lane: wires routes and models; nothing else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI

from analysis_server.inference import endpoints, open_inference
from analysis_server.inference.access import KnownKeys, require_keys
from analysis_server.inference.problems import PROTOCOL, add_error_handlers
from analysis_server.inference.servers import ModelServers
from analysis_server.inference.settings import ALL, InferenceSettings
from analysis_server.models.catalog import find_models
from satellite.settings.group import bad_settings_end_the_process
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

PREFIX = "/api/v1"
DRAIN_TIMEOUT_S = 10


def create_app(settings: InferenceSettings) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="Satellite inference",
        version="1",
        summary="Asks models directly.",
        lifespan=lambda app: run_models(app, settings),
        # Their pages run scripts of elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.keys = KnownKeys(settings.api_keys)
    for router in (endpoints.router, endpoints.guarded):
        app.include_router(router, prefix=PREFIX)
    for router in (open_inference.router, open_inference.guarded):
        app.include_router(router, prefix=PROTOCOL)
    add_error_handlers(app)
    return app


@contextlib.asynccontextmanager
async def run_models(app: FastAPI, settings: InferenceSettings) -> AsyncIterator[None]:
    """Keep the models while the application runs."""
    servers = app.state.servers = ModelServers(settings)
    async with servers.running():
        yield


def require_models(settings: InferenceSettings) -> None:
    """End the process when a model is to be loaded that there is none of."""
    unknown = set(settings.preload) - {ALL} - set(find_models())
    if unknown:
        sys.exit(f"SATELLITE_INFERENCE_PRELOAD: there is no model {', '.join(sorted(unknown))}")


def serve() -> None:
    """Serve until a signal ends it."""
    with bad_settings_end_the_process():
        settings, log = InferenceSettings(), LogSettings()
        require_keys(settings)
        require_models(settings)
    configure_logging(log)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=log.level,
        # Its own form would let what an exception says begin a line.
        log_config=None,
        access_log=log.level == "debug",
        timeout_graceful_shutdown=DRAIN_TIMEOUT_S,
        server_header=False,
    )
