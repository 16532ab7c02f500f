"""Refuses to start a worker with secrets that everybody knows, or with an engine that it may not use."""

from __future__ import annotations

import sys

from analysis_server.settings import AnalysisSettings
from satellite.settings.secret_strength import ModeSettings, broker_faults, end_if_any, key_faults


def require_secrets(settings: AnalysisSettings) -> None:
    """End the process when a secret of it is none, unless it runs in local mode."""
    if ModeSettings().local_mode:
        return
    faults = list(broker_faults(settings.broker))
    if settings.worker.api_token is not None:
        faults += key_faults("SATELLITE_WORKER_API_TOKEN", settings.worker.api_token)
    end_if_any(faults)


def require_engine_s_leave(settings: AnalysisSettings) -> None:
    """End the process when plugins are to be run in containers and this account may not use the engine.

    An engine that is only away may come back; this does not mend itself, and each attempt would fail by it.
    """
    forbidden = settings.variables.engine.forbidden()
    if forbidden is not None and "container" in settings.worker.runtime:
        sys.exit(f"SATELLITE_WORKER_RUNTIME is {settings.worker.runtime}, but {forbidden}")
