"""Hands a plugin's pod its input, again and again until the pod says that it has come."""

from __future__ import annotations

import threading
from typing import Final

import structlog

from analysis_server.runtimes.kubernetes.api import API_FAULTS, KubernetesApi

logger = structlog.get_logger(__name__)

ACCEPTED_WITHIN_S: Final = 15.0
PAUSE_S: Final = 0.2


class InputHanding(threading.Thread):
    """Hands a line over in the background, so that whoever reads the pod's output never stops reading."""

    def __init__(self, api: KubernetesApi, name: str, line: bytes) -> None:
        """Take the line; begin with `start`."""
        super().__init__(name="pod-input", daemon=True)
        self._api = api
        self._pod = name
        self._line = line
        self._over = threading.Event()

    def stop(self) -> None:
        """Let go: the input has come, or the run is over."""
        self._over.set()

    def run(self) -> None:
        """Hand it over until told that it has come."""
        while not self._over.is_set():
            try:
                with self._api.attached(self._pod) as stdin:
                    # The first line's end is for one that was cut off before.
                    stdin.write(b"\n" + self._line)
                    self._over.wait(ACCEPTED_WITHIN_S)
            except API_FAULTS as error:
                logger.info("input not handed over, trying again", pod=self._pod, error=str(error))
                self._over.wait(PAUSE_S)
