"""The servers of one plugin, and the jobs that wait for whichever of them is free first."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.run import ServerRun
from analysis_server.runtimes.serving.server import PluginServer


@dataclass(slots=True)
class StartBackoff:
    """How the last starts on some cards went."""

    failures: int = 0
    not_before: float = 0.0
    """On the clock of `time.monotonic`."""

    def note_failure(self, limits: ServerLimits) -> None:
        """Put off the next start, each time for longer."""
        self.failures += 1
        self.not_before = time.monotonic() + limits.backoff_after(self.failures)


class ReplicaSet:
    """One queue and any number of servers, each on cards of its own. Guarded by the fleet's lock."""

    def __init__(self, request: RunRequest) -> None:
        """Begin without a server; of the request all is kept but the job."""
        self._template = request.without_job()
        self._batch = request.manifest.batch
        self.queue: deque[ServerRun] = deque()
        self.servers: list[PluginServer] = []
        self._backoffs: dict[tuple[str, ...], StartBackoff] = {}

    @property
    def has_staying(self) -> bool:
        """Tell whether some server takes requests, or will when it is ready."""
        return any(not server.going for server in self.servers)

    @property
    def is_forgettable(self) -> bool:
        """Tell whether nothing is lost when it is dropped."""
        now = time.monotonic()
        is_patient = any(backoff.not_before > now for backoff in self._backoffs.values())
        return not self.queue and not self.servers and not is_patient

    def template_for(self, gpu_ids: tuple[str, ...]) -> RunRequest:
        """Return what a server on these cards is started for."""
        return replace(self._template, gpu_ids=gpu_ids)

    def server_on(self, gpu_ids: tuple[str, ...]) -> PluginServer | None:
        """Return the server on these cards, also one that starts or ends."""
        return next((server for server in self.servers if server.template.gpu_ids == gpu_ids), None)

    def server_with(self, run: ServerRun) -> PluginServer | None:
        """Return the server that a job is inside of."""
        return next((server for server in self.servers if run in server.exchange.runs), None)

    def backoff_on(self, gpu_ids: tuple[str, ...]) -> StartBackoff:
        """Return how starts on these cards went."""
        return self._backoffs.setdefault(gpu_ids, StartBackoff())

    def note_success_on(self, gpu_ids: tuple[str, ...]) -> None:
        """Forget that starts on these cards failed."""
        self._backoffs.pop(gpu_ids, None)

    def advance(self) -> None:
        """Hand requests to free servers, always the first one first, so that the last may end unused."""
        for server in self.servers:
            if server.idle:
                runs = self.take_runs()
                if not runs:
                    return
                server.hand_over(runs)

    def take_runs(self) -> list[ServerRun]:
        """Take the jobs of the next request from the queue; none while it is worth waiting for more.

        They are of one owner, unless the plugin may mix: of whose job waits longest of those whose request
        need not wait, so that nobody's stream of jobs holds up another's.
        """
        if not self.queue:
            return []
        if self._batch is None:
            return [self.queue.popleft()]
        now = time.monotonic()
        for waiting in self._shareable():
            if len(waiting) >= self._batch.max_size or now >= waiting[0].due_at:
                taken = waiting[: self._batch.max_size]
                self.queue = deque(run for run in self.queue if run not in taken)
                return taken
        return []

    def _shareable(self) -> list[list[ServerRun]]:
        """Return the waiting jobs that may share a request, each list and all of them by age."""
        if self._batch is not None and self._batch.across_owners:
            return [list(self.queue)]
        by_owner: dict[int, list[ServerRun]] = {}
        for run in self.queue:
            by_owner.setdefault(run.request.owner_id, []).append(run)
        return list(by_owner.values())
