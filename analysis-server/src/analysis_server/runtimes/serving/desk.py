"""Where the jobs of one plugin wait for its server."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.serving.call import Call
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.server import PluginServer


class Desk:
    """The queue of one plugin, its server if it has one, and how its starts went; under the fleet's lock."""

    def __init__(self, template: RunRequest) -> None:
        """Begin without a server; of the template all is kept but the job."""
        self.template = replace(template, job_id=0, attempt=0, owner_id=0, input_json=b"")
        self.queue: deque[Call] = deque()
        self.server: PluginServer | None = None
        self.failures = 0
        self.not_before = 0.0

    @property
    def memory_mib(self) -> int:
        """Return what its server may use."""
        return self.template.manifest.resources.memory_mib

    def due_at(self, call: Call) -> float:
        """Return until when a job waits for others to share its request."""
        policy = self.template.manifest.batch
        return call.entered_at + (policy.max_wait_ms / 1000 if policy else 0.0)

    def take_calls(self) -> list[Call]:
        """Take the jobs of the next request from the queue; none while it is worth waiting for more.

        They are of one owner, unless the plugin may mix: of whose job waits longest of those whose request
        need not wait, so that nobody's stream of jobs holds up another's.
        """
        if not self.queue:
            return []
        policy = self.template.manifest.batch
        if policy is None:
            return [self.queue.popleft()]
        now = time.monotonic()
        for waiting in self._shareable():
            if len(waiting) >= policy.max_size or now >= self.due_at(waiting[0]):
                taken = waiting[: policy.max_size]
                self.queue = deque(call for call in self.queue if call not in taken)
                return taken
        return []

    def _shareable(self) -> list[list[Call]]:
        """Return the waiting jobs that may share a request, each list and all of them by age."""
        policy = self.template.manifest.batch
        if policy is not None and policy.across_owners:
            return [list(self.queue)]
        by_owner: dict[int, list[Call]] = {}
        for call in self.queue:
            by_owner.setdefault(call.request.owner_id, []).append(call)
        return list(by_owner.values())

    def note_failure(self, limits: ServerLimits) -> None:
        """Put off the next start, each time for longer."""
        self.failures += 1
        self.not_before = time.monotonic() + limits.backoff_after(self.failures)

    def note_success(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self.not_before = 0.0

    @property
    def forgettable(self) -> bool:
        """Tell whether nothing is lost when it is dropped."""
        return not self.queue and self.server is None and time.monotonic() >= self.not_before
