"""What Celery's command line says of a worker, which counts before its settings.

`celery -A analysis_server.tasks worker --concurrency=2 --queue=inference` takes jobs of the queue `inference`
into two slots. Celery's own `--queues` are those of the broker, which follow from what the worker is.
"""

from __future__ import annotations

from typing import Any, Final

import click
from celery import Celery
from click.core import ParameterSource

QUEUE: Final = click.Option(
    ["--queue"], help="Queues whose jobs the worker takes, as SATELLITE_WORKER_QUEUES names them."
)


def add_options(app: Celery) -> None:
    """Let `celery worker` take the options that are ours."""
    app.user_options["worker"].add(QUEUE)


def told_settings() -> dict[str, Any]:
    """Return the settings of a worker that the command line says; none where no command is run."""
    context = click.get_current_context(silent=True)
    if context is None:
        return {}
    # Celery fills in what it was not told.
    settings = {"queue": "queues", "concurrency": "slots"}
    return {
        setting: context.params[option]
        for option, setting in settings.items()
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE
    }
