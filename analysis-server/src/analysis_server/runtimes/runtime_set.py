"""Several runtimes of one worker behind the port of one: each run goes to the runtime that it requires."""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, Runtime
from analysis_server.runtimes.residents import Eviction, ResidentKey, Residents, SpareAllowance
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import JobError
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.requires import RuntimeName
from satellite.contracts.run_handle import RunHandle


class RuntimeSet:
    """The first runtime takes what requires none.

    All jobs of a plugin version are in one of them, as a job may require `process` only where its plugin does
    (decision 25): what stays after its jobs stays in one runtime.
    """

    def __init__(self, runtimes: Mapping[RuntimeName, Runtime]) -> None:
        """Take the runtimes, the one for those that require none first."""
        self._by_name = dict(runtimes)
        self._all = list(self._by_name.values())

    @property
    def name(self) -> str:
        """Return the names of all, the first one first."""
        return ",".join(self._by_name)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make ready what runs of the plugin share, in the runtime that they go to."""
        return self.member(manifest.requires.runtime).prepare(manifest)

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt to its end in the runtime that it requires."""
        return self.member(request.runtime).run(request, listener)

    def place(self) -> str | None:
        """Name where runs are that outlive this process: only containers do."""
        return next(filter(None, (runtime.place() for runtime in self._all)), None)

    def attach(self, request: RunRequest, handle: RunHandle, listener: RunListener) -> RunResult:
        """Go on with a run in the runtime that began it; without it, the first tells that it is lost."""
        runtime = next((one for one in self._all if one.name == handle.runtime), self._all[0])
        return runtime.attach(request, handle, listener)

    def cancel(self, key: AttemptKey) -> bool:
        """Ask for the end of a run; each remembers it, for it may only come a moment later."""
        return sum(runtime.cancel(key) for runtime in self._all) > 0

    def stop_all(self, reason: str) -> int:
        """Cancel every run; return how many there were."""
        return sum(runtime.stop_all(reason) for runtime in self._all)

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Remove what belongs to no live attempt and to none that can be adopted."""
        return sum(runtime.sweep(live, adoptable) for runtime in self._all)

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Remove what processes have started that have died since."""
        return sum(runtime.sweep_orphans(adoptable) for runtime in self._all)

    def residents(self, allowance: SpareAllowance | None = None) -> Residents:
        """Tell what is there in any of them, after having been told how many spares may be."""
        each = [runtime.residents(allowance) for runtime in self._all]
        return Residents(
            servers=tuple(server for one in each for server in one.servers),
            spares=tuple(spare for one in each for spare in one.spares),
        )

    def evict(self, eviction: Eviction, *, timeout_s: float) -> list[ResidentKey]:
        """End idle servers and spares; return the keys of which nothing is left in any of them."""
        deadline = time.monotonic() + timeout_s
        done = [
            runtime.evict(eviction, timeout_s=max(0.0, deadline - time.monotonic())) for runtime in self._all
        ]
        return [key for key in done[0] if all(key in one for one in done)]

    def close(self) -> None:
        """End everything in each."""
        for runtime in self._all:
            runtime.close()

    def member(self, required: RuntimeName | None) -> Runtime:
        """Return the runtime for what requires one, or none.

        Raises:
            KeyError: the worker has no such runtime, and so takes no such job.
        """
        return self._by_name[required] if required else self._all[0]
