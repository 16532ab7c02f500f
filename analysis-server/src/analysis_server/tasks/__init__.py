"""The Celery tasks of a worker: `celery -A analysis_server.tasks worker` runs them."""

from analysis_server.celery_app import app
from analysis_server.lifecycle import signals

__all__ = ["app", "signals"]
