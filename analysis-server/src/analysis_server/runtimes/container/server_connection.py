"""A server plugin in a container."""

from __future__ import annotations

import contextlib

import structlog

from analysis_server.runtimes.container.attach_stream import FrameDemultiplexer
from analysis_server.runtimes.container.ending import wait_for_end
from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine
from analysis_server.runtimes.container.janitor import ContainerJanitor
from analysis_server.runtimes.container.kill import ContainerKiller
from analysis_server.runtimes.container.session import ContainerSession, kill
from analysis_server.runtimes.run.pump import Reader, chunk_reader
from analysis_server.runtimes.run.verdict import Ending
from analysis_server.runtimes.serving.connection import Sink

logger = structlog.get_logger(__name__)

END_WAIT_S = 2
LOST = Ending(exit_code=255)
"""How a container ended of which the engine can tell nothing."""


class ContainerConnection:
    """Talks with a container that serves. The engine itself watches its memory."""

    sampled = False

    def __init__(
        self,
        session: ContainerSession,
        *,
        engine: Engine,
        killer: ContainerKiller,
        janitor: ContainerJanitor,
        stdout: Sink,
        stderr: Sink,
    ) -> None:
        """Take a started container."""
        self._session = session
        self._engine = engine
        self._janitor = janitor
        mask = session.secrets.mask()
        self._masked = [mask.stream(stdout), mask.stream(stderr)]
        self._frames = FrameDemultiplexer(stdout=self._masked[0].write, stderr=self._masked[1].write)
        self._begin_kill = killer.killing(session.container_id)

    def readers(self) -> dict[int, Reader]:
        """Return the one descriptor that carries both streams."""
        return {self._session.fileno(): chunk_reader(self._frames.feed)}

    def stdin(self) -> int:
        """Return the same descriptor, which works both ways."""
        return self._session.fileno()

    def kill(self) -> None:
        """Begin to kill the container."""
        with contextlib.suppress(RuntimeError):
            # The threads that kill are gone when the runtime was closed; removing kills as well.
            self._begin_kill()

    def over_memory(self) -> bool:
        """Leave that to the engine."""
        return False

    def finish(self) -> Ending:
        """Wait for the container's end and remove it."""
        for stream in self._masked:
            stream.finish()
        try:
            return self._wait()
        except ENGINE_FAULTS as error:
            logger.warning("end of a server not seen", error=str(error))
            return LOST
        finally:
            self._session.close()
            self._session.secrets.remove()
            self._janitor.remove(self._session.container_id)

    def _wait(self) -> Ending:
        container_id = self._session.container_id
        try:
            with self._engine.client() as client:
                return wait_for_end(client, container_id, timeout_s=END_WAIT_S)
        except ENGINE_FAULTS:
            # Its streams have ended and it has not.
            kill(self._engine, container_id)
            with self._engine.client() as client:
                return wait_for_end(client, container_id, timeout_s=END_WAIT_S)
