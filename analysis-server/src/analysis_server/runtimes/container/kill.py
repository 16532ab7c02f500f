"""Kills containers in the background, so that whoever reads a container's output never stops reading."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine
from analysis_server.runtimes.container.session import kill

logger = structlog.get_logger(__name__)


class ContainerKiller:
    """Kills on threads of its own.

    The engine answers a kill only after it has passed on the container's output. A reader that waited for
    the answer would keep it from doing so.
    """

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor) -> None:
        """Take the engine and the threads to call it on."""
        self._engine = engine
        self._threads = threads

    def killing(self, container_id: str) -> Callable[[], None]:
        """Return what kills one container; a call while a kill is under way changes nothing."""
        under_way: list[Future[None]] = []

        def begin() -> None:
            if not under_way or under_way[-1].done():
                under_way[:] = [self._threads.submit(self._kill, container_id)]

        return begin

    def _kill(self, container_id: str) -> None:
        try:
            kill(self._engine, container_id)
        except ENGINE_FAULTS as error:
            logger.warning("kill failed, trying again", container_id=container_id, error=str(error))
