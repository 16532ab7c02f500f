"""How this process logs: lines for people or JSON for programs, never the values of variables.

Users and plugins have a say in what is logged, so none of it may begin a line or move a terminal's cursor.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import Any, TextIO, cast

import structlog

from satellite.lossy_stream import LossyStream
from satellite.settings.observability import LogSettings
from satellite.visible_text import make_log_visible, make_visible

CHATTY = ("celery.worker.strategy", "celery.app.trace", "httpx", "alembic")
"""Loggers of libraries that tell of each task or request, which costs more than it tells."""


CREDENTIAL = re.compile(
    r"(?P<before>sat_[0-9]+_|(?i:bearer )|(?i:basic )|\b(?:ticket|token|password|secret|key)=|://[^:/@\s]*:(?=[^/@\s]*@))"
    r"[A-Za-z0-9._~+/=%!$*-]{6,}"
)
"""Servers and drivers put addresses into their lines, and addresses may hold such."""


def configure_logging(settings: LogSettings) -> None:
    """Log from the set level on, to standard error; once at the start of a process."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        json_formatter()
        if settings.json_lines
        else LineFormatter("%(asctime)s [%(levelname)s] %(name)s: %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # The default renderer shows the local variables of every frame: slow, and some are passwords.
    form: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.json_lines
        else [make_values_visible, structlog.dev.ConsoleRenderer(exception_formatter=_trace, colors=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *form,
            hide_in_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", LossyStream(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def json_formatter() -> logging.Formatter:
    """Return what makes of the records of libraries the lines that our own are."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
            hide_in_line,
        ],
    )


class LineFormatter(logging.Formatter):
    """Keeps a record of libraries on one line, with its traceback set in below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line."""
        return make_visible(hide_credentials(super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the traceback."""
        return _set_in(hide_credentials(super().formatException(ei)))


def hide_credentials(text: str) -> str:
    """Return a text without what opens something: keys, tokens, tickets, passwords of addresses."""
    return CREDENTIAL.sub(lambda found: f"{found['before']}***", text)


def hide_in_line(_: Any, __: str, line: Any) -> str:
    """Return a line, which renderers have made of an event, without credentials."""
    return hide_credentials(line)


def make_values_visible(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Return the event with the texts in it on one line."""
    # Others than texts are written as their `repr`, which does the same.
    return {key: make_visible(value) if isinstance(value, str) else value for key, value in event.items()}


def _trace(output: TextIO, exception: structlog.typing.ExcInfo) -> None:
    output.write("\n" + _set_in("".join(traceback.format_exception(*exception)).rstrip()))


def _set_in(trace: str) -> str:
    # What an exception says may have lines of its own, which must not look like those of the log.
    return "\n".join(f"    {line}" for line in make_log_visible(trace).split("\n"))
