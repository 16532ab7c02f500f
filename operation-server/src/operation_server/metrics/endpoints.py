"""The route that Prometheus scrapes; open like the probes, so let no proxy pass it to the outside."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from operation_server.dependencies import ServicesDep
from operation_server.metrics.exposition import render
from operation_server.metrics.pending import hand_on
from operation_server.metrics.platform import PlatformStateReader

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": 'satellite_jobs{status="queued"} 3.0\n'}}}},
)
async def read_metrics(services: ServicesDep) -> Response:
    """Show the metrics of this machine's processes and the state of the platform, for Prometheus."""
    state = await services[PlatformStateReader].read()
    hand_on()
    # In a thread, because files are read and a thousand lines written while requests wait.
    text = await asyncio.to_thread(render, state)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})
