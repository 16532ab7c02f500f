"""The Celery application of the floor: one task that does nothing."""

from __future__ import annotations

from celery import Celery

app = Celery("floor")


@app.task(name="noop")  # type: ignore[untyped-decorator]
def noop() -> None:
    """Do nothing."""
