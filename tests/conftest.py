"""Fixtures of all tests; one module per service in `tests/fixtures/`."""

from __future__ import annotations

import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.side_by_side",
    "tests.fixtures.kafka",
    "tests.fixtures.mail",
    "tests.fixtures.postgres",
    "tests.fixtures.rabbitmq",
    "tests.fixtures.receiver",
    "tests.fixtures.redis",
    "tests.fixtures.s3",
]

# As the servers log. The default renders the local variables of every frame: minutes for a deep recursion.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, colors=False),
    ]
)

# A busy machine is slow at making examples too, which says nothing about the code.
settings.register_profile("side by side", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("side by side")
