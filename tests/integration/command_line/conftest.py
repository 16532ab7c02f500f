"""The command line, for tests that need nothing of its API process but that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.api import running_api
from tests.integration.command_line.test_accounts import CommandLine


@pytest.fixture
def satellite(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[CommandLine]:
    """The command line of the admin of a fresh installation."""
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        satellite = CommandLine(url, tmp_path)
        satellite.log_in()
        yield satellite
