"""Makes pods, and waits until their plugins run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from analysis_server.runtimes.kubernetes.api import KubernetesApi
from analysis_server.runtimes.kubernetes.ending import has_started, start_fault, why_unscheduled
from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from satellite.contracts.outcome import ErrorKind, JobError

LOOK_EVERY_S: Final = 0.1
LOOK_RARELY_EVERY_S: Final = 1.0
NEW_S: Final = 10.0
STARTED_WITHIN_S: Final = 600.0
"""Once a node was chosen; a large image takes its time."""


class PodNotStarted(Exception):
    """A pod does not start, and why."""

    def __init__(self, error: JobError) -> None:
        """Take what the job is told."""
        super().__init__(error.message)
        self.error = error


class PodStarter:
    """Makes pods of the fixed template.

    It asks for a pod's state instead of watching it: nothing can go deaf, and a question takes 4 ms.
    """

    def __init__(self, api: KubernetesApi, options: KubernetesOptions) -> None:
        """Take where pods are made."""
        self._api = api
        self._options = options

    def start(self, pod: dict[str, Any], *, is_stopped: Callable[[], bool]) -> None:
        """Make a pod and wait until its plugin runs or has run, or nobody wants it any more.

        Raises:
            PodNotStarted: it does not, or not in time.
        """
        name = pod["metadata"]["name"]
        self._api.create(pod)
        began = time.monotonic()
        while not is_stopped():
            found = self._api.find(name)
            if found is None:
                raise PodNotStarted(
                    JobError(kind=ErrorKind.LOST, message="The attempt was lost: its pod was deleted.")
                )
            if has_started(found):
                return
            waited_s = time.monotonic() - began
            self._check(found, waited_s)
            time.sleep(LOOK_EVERY_S if waited_s < NEW_S else LOOK_RARELY_EVERY_S)

    def _check(self, pod: dict[str, Any], waited_s: float) -> None:
        error = start_fault(pod)
        if error is None and (why := why_unscheduled(pod)) is not None:
            if waited_s > self._options.scheduling_timeout_s:
                message = f"No node had room for the plugin's pod within {waited_s:.0f} s: {why}"
                error = JobError(kind=ErrorKind.RESOURCES, message=message)
        elif error is None and waited_s > self._options.scheduling_timeout_s + STARTED_WITHIN_S:
            message = f"The plugin's pod did not start within {waited_s:.0f} s."
            error = JobError(kind=ErrorKind.INTERNAL, message=message)
        if error is not None:
            raise PodNotStarted(error)
