"""A pod that is started and waits for a job's input."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from analysis_server.runtimes.kubernetes.api import API_FAULTS, KubernetesApi
from analysis_server.runtimes.kubernetes.ending import end_of
from analysis_server.runtimes.kubernetes.template import SPARE_WAIT_S
from analysis_server.runtimes.secrets.giving import GivenSecrets

TAKEN_BEFORE_S: Final = SPARE_WAIT_S - 120
"""Not in the last minutes, in which it might end under the job."""


@dataclass
class PodSpare:
    """A pod with nothing said to it yet."""

    name: str
    api: KubernetesApi
    secrets: GivenSecrets
    started_at: float = field(default_factory=time.monotonic)

    def usable(self) -> bool:
        """Tell whether it still waits."""
        if time.monotonic() - self.started_at > TAKEN_BEFORE_S:
            return False
        try:
            return end_of(self.api.find(self.name)) is None
        except API_FAULTS:
            return False

    def discard(self) -> None:
        """Remove the pod."""
        self.secrets.remove()
        self.api.delete(self.name)
