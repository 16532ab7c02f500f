"""Fixtures of all tests; one module per service in `tests/fixtures/`."""

from __future__ import annotations

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.redis"]
