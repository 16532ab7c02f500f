"""How the worker logs: one line an entry, as text or JSON."""

from __future__ import annotations

import logging
import sys

import structlog

from satellite.settings.observability import LogSettings


def configure_logs(settings: LogSettings) -> None:
    """Send the logs of this process, those of libraries too, to stdout."""
    level = logging.getLevelName(settings.level.upper())
    logging.basicConfig(
        level=level, stream=sys.stdout, force=True, format="%(asctime)s [%(levelname)s] %(name)s: %(message)s"
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.json_lines
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *([structlog.processors.format_exc_info] if settings.json_lines else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
