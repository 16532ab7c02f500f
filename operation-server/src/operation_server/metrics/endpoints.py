"""The route that Prometheus scrapes, with a token of its own or an account's."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from operation_server.accounts.caller import get_scraper
from operation_server.dependencies import ServicesDep
from operation_server.metrics.exposition import render
from operation_server.metrics.pending import hand_on
from operation_server.metrics.platform import PlatformStateReader
from operation_server.problems import problem_responses

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(get_scraper)],
    responses=problem_responses(401, 403)
    | {200: {"content": {"text/plain": {"example": 'satellite_jobs{status="queued"} 3.0\n'}}}},
)
async def read_metrics(services: ServicesDep) -> Response:
    """Show the metrics of this machine's processes and the state of the platform, for Prometheus."""
    state = await services[PlatformStateReader].read()
    hand_on()
    # In a thread, because files are read and a thousand lines written while requests wait.
    text = await asyncio.to_thread(render, state)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})
