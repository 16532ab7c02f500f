"""Runs that are played, and the API in this process with a user who has workflows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from operation_server.workflows.transitions import AdvanceParts
from tests.integration.operation_server_api.conftest import admin, other, settings, stranger, user
from tests.integration.workflows.played_run import Player

__all__ = ["admin", "other", "settings", "stranger", "user"]


@pytest.fixture
def player(blocking_engine: Engine) -> Iterator[Player]:
    parts = AdvanceParts()
    yield Player(blocking_engine, parts)
    parts.close()
