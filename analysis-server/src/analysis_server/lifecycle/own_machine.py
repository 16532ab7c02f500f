"""The site of most workers: the machine that they run on, whose plugins a Ray actor starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.execution.admission.resident_watch import ResidentWatch
from analysis_server.execution.executor_service import ExecutorSetup
from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.execution.ray_executor import RayExecutor
from analysis_server.lifecycle.ray_watch import CHECK_EVERY_S, RayWatch
from analysis_server.lifecycle.site import Watch
from analysis_server.lifecycle.worker_class import consumed_queues, describe_class
from analysis_server.runtimes.selection import choose_runtimes
from analysis_server.runtimes.weaknesses import find_weaknesses
from analysis_server.settings import AnalysisSettings


class OwnMachine:
    """A machine with its cards, its runtimes and the Ray actor that runs plugins."""

    takes_jobs = True
    outlives_all = False

    def __init__(self, settings: AnalysisSettings) -> None:
        """Find out what the machine has, and start the actor."""
        worker = settings.worker
        self._cards = detect_cards(worker.fake_gpus)
        runtimes = choose_runtimes(worker.runtime, settings.variables.engine)
        self.worker_class = describe_class(worker, runtimes=runtimes.names, cards=self._cards)
        self.queues = consumed_queues(worker.name, self.worker_class)
        self.why = runtimes.reason
        self.weaknesses = find_weaknesses(
            runtimes.names, engine=settings.variables.engine, containers=worker.container_options()
        )
        self.runs_outlive_worker = "container" in runtimes.names
        setup = ExecutorSetup(
            settings=worker,
            log=settings.log,
            runtimes=runtimes.names,
            redis_url=settings.broker.redis_url,
            variables=settings.variables,
        )
        self.executor = RayExecutor(setup, settings.ray)
        self.admission = ResourceLedger(
            cpus=worker.cpus,
            memory_mib=worker.memory_mib,
            cards=self._cards,
            limits=worker.resident_limits(),
            evict=self.executor.evict,
        )
        self._residents = ResidentWatch(self.executor, self.admission, worker.standby_limits())

    def describe(self) -> dict[str, object]:
        """Return its cards, what is loaded and what stands by."""
        return {
            "cards": self._cards,
            "loaded": self._residents.loaded(),
            "spares": self._residents.spares(),
        }

    def watches(self, gone: Callable[[str], None]) -> Sequence[Watch]:
        """Return the watch of Ray."""
        watch = RayWatch(
            self._residents.look, gone=lambda silence_s: gone(f"Ray has been silent for {silence_s:.1f} s")
        )
        return [Watch("ray-watch", watch.check, CHECK_EVERY_S)]
