"""One server for the tests of what it answers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.inference.server import running_server


@pytest.fixture(scope="package")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """What asks a server that has all models loaded."""
    state_dir = tmp_path_factory.mktemp("inference")
    with running_server(
        state_dir,
        SATELLITE_INFERENCE_PRELOAD="*",
        SATELLITE_INFERENCE_MAX_IMAGE_BYTES="100000",
        SATELLITE_INFERENCE_MAX_BODY_BYTES="100000",
    ) as server:
        yield server.client
