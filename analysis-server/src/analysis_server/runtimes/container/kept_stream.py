"""The engine's stream of a container's kept output, on a descriptor that can be polled beside a deadline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

import structlog
from docker import APIClient

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine
from analysis_server.runtimes.run.piped import piped

logger = structlog.get_logger(__name__)


def count_kept_bytes(client: APIClient, container_id: str) -> int:
    """Return how long the stream is so far."""
    return sum(map(len, _stream(client, container_id, follow=False)))


def kept_stream(engine: Engine, container_id: str) -> AbstractContextManager[int]:
    """Lend a descriptor from which the stream is read from its beginning until the container has ended."""

    def cut(error: Exception) -> None:
        # What the container ended with is asked for afterwards.
        logger.warning("kept output not read to its end", container_id=container_id, error=str(error))

    return piped(lambda: _followed(engine, container_id), name="kept-output", faults=ENGINE_FAULTS, cut=cut)


@contextlib.contextmanager
def _followed(engine: Engine, container_id: str) -> Iterator[Iterator[bytes]]:
    with engine.client() as client:
        yield _stream(client, container_id, follow=True)


def _stream(client: APIClient, container_id: str, *, follow: bool) -> Iterator[bytes]:
    # The SDK's own `logs` tells nobody which of the two streams a piece belongs to.
    answer = client.get(
        f"{client.base_url}/v{client.api_version}/containers/{container_id}/logs",
        params={"stdout": 1, "stderr": 1, "follow": int(follow)},
        stream=True,
        timeout=None if follow else client.timeout,
    )
    with answer:
        answer.raise_for_status()
        yield from answer.iter_content(chunk_size=None)
