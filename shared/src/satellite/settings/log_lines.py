"""How this process logs: lines for people or JSON for programs, never the values of variables."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog

from satellite.lossy_stream import LossyStream
from satellite.settings.observability import LogSettings

CHATTY = ("celery.worker.strategy", "celery.app.trace", "httpx", "alembic")
"""Loggers of libraries that tell of each task or request, which costs more than it tells."""


def configure_logging(settings: LogSettings) -> None:
    """Log from the set level on, to standard error; once at the start of a process."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(
        level=level, stream=sys.stderr, force=True, format="%(asctime)s [%(levelname)s] %(name)s: %(message)s"
    )
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # The default renderer shows the local variables of every frame: slow, and some are passwords.
    form: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.json_lines
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, colors=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *form,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", LossyStream(sys.stderr))),
        cache_logger_on_first_use=True,
    )
