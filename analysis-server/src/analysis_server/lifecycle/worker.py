"""The parts of one worker process, wired together."""

from __future__ import annotations

import os
from collections.abc import Callable

import structlog
from celery import Celery
from redis import Redis
from redis.exceptions import RedisError

from analysis_server.celery_app import consumed_queues
from analysis_server.execution.admission import ResourceLedger
from analysis_server.execution.attempt import AttemptRunner
from analysis_server.execution.cancellation import CancellationListener
from analysis_server.execution.claim import ClaimStore
from analysis_server.execution.disk_guard import DiskGuard
from analysis_server.execution.executor_service import ExecutorSetup
from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.execution.ray_executor import RayExecutor
from analysis_server.execution.running import RunningAttempts
from analysis_server.execution.standing_watch import StandingWatch
from analysis_server.lifecycle import health
from analysis_server.lifecycle.canary import SEND_EVERY_S, Canary
from analysis_server.lifecycle.drain import Drain
from analysis_server.lifecycle.heartbeat import HEARTBEAT_EVERY_S, Heartbeat
from analysis_server.lifecycle.janitor import SWEEP_EVERY_S, Janitor
from analysis_server.lifecycle.periodic import Periodic
from analysis_server.lifecycle.ray_watch import CHECK_EVERY_S, RayWatch
from analysis_server.reporting.celery_reporter import CeleryReporter
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.reporting.spool import Spool
from analysis_server.runtimes.selection import choose_runtime
from analysis_server.settings import AnalysisSettings

EXIT_DEAF = 70
"""The consumer lives but receives nothing; see `canary.py`."""
EXIT_UNFORESEEN = 71
"""A loop of this process ended with an error that nobody foresaw; see `loop_thread.py`."""
EXIT_RAY_GONE = 75
REPORT_TIMEOUT_S = 10.0

logger = structlog.get_logger(__name__)


class AnalysisWorker:
    """Everything of a worker but Celery's own loop."""

    def __init__(self, app: Celery, settings: AnalysisSettings) -> None:
        """Connect to Ray and make the parts; nothing is consumed yet."""
        worker, redis_url = settings.worker, settings.broker.redis_url
        self._slots = app.slots
        self._closing = False
        self._settings = worker
        self._queues = consumed_queues(worker)
        self._cards = detect_cards(worker.fake_gpus)
        self._runtime = choose_runtime(worker.runtime, settings.variables.engine)
        worker.state_dir.mkdir(parents=True, exist_ok=True)
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
        self._running = RunningAttempts()
        setup = ExecutorSetup(
            settings=worker,
            log=settings.log,
            runtime=self._runtime.name,
            redis_url=redis_url,
            variables=settings.variables,
        )
        self._executor = RayExecutor(setup, settings.ray)
        self._ledger = ResourceLedger(
            cpus=worker.cpus,
            memory_mib=worker.memory_mib,
            cards=self._cards,
            make_room=self._executor.make_room,
        )
        self._standing = StandingWatch(self._executor, self._ledger)
        leases = LeaseKeeper(self._redis, worker=worker.name, held=self._running.keys)
        self._reporter = CeleryReporter(
            app, leases=leases, spool=Spool(worker.state_dir / "spool"), released=self._running.release
        )
        self._janitor = Janitor(leases=leases, running=self._running, executor=self._executor)
        self._cancellations = CancellationListener(
            redis_url=redis_url,
            running=self._running,
            ledger=self._ledger,
            executor=self._executor,
            unforeseen=self._end_unforeseen,
        )
        self._heartbeat = Heartbeat(self._redis, name=worker.name, describe=self._describe)
        self.canary = Canary(
            app, worker=worker.name, is_saturated=self._is_saturated, deaf=self._end_because_deaf
        )
        self._leases = leases
        # Leftovers are not worth the attempts that run; without the others the worker would not be one.
        self._sweep = Periodic("janitor", self._janitor.sweep, interval_s=SWEEP_EVERY_S)
        self._pulse = self._keep("pulse", self._beat, interval_s=HEARTBEAT_EVERY_S)
        watch = RayWatch(self._standing.look, gone=self._end_without_ray)
        self._periodic = [
            self._pulse,
            self._sweep,
            self._keep("canary", self.canary.check, interval_s=SEND_EVERY_S),
            self._keep("ray-watch", watch.check, interval_s=CHECK_EVERY_S),
        ]
        self.drain = Drain(
            running=self._running,
            cancellations=self._cancellations,
            timeout_s=worker.drain_timeout_s,
            begun=self._pulse.hurry,
            unforeseen=self._end_unforeseen,
        )
        self.runner = AttemptRunner(
            worker=worker.name,
            claims=ClaimStore(self._redis, worker=worker.name),
            running=self._running,
            ledger=self._ledger,
            executor=self._executor,
            reporter=self._reporter,
            disk=DiskGuard(worker.state_dir),
            executor_lost=self._sweep.hurry,
        )

    def start(self) -> None:
        """Begin to tell of this worker; its consumer is ready."""
        self._cancellations.start()
        for periodic in self._periodic:
            periodic.start()
        logger.info("worker ready", name=self._settings.name, runtime=self._runtime.reason)

    def close(self) -> None:
        """End everything; what is not reported by now is spooled."""
        self._closing = True
        self._janitor.close()
        if not self._reporter.close(REPORT_TIMEOUT_S):
            logger.error("some outcomes were neither sent nor spooled")
        self._cancellations.close()
        for periodic in self._periodic:
            periodic.stop()
        try:
            self._heartbeat.end()
        except (RedisError, OSError) as error:
            logger.warning("heartbeat not taken back", error=str(error))
        self._executor.close()
        self._redis.close()

    def _beat(self) -> None:
        if self.canary.is_well:
            health.note(self._settings.state_dir)
        self._heartbeat.beat()
        self._leases.renew()
        self._cancellations.check_keys(self._redis)

    def _describe(self) -> dict[str, object]:
        return {
            "runtime": self._runtime.name,
            "runtime_reason": self._runtime.reason,
            "queues": self._queues,
            "slots": self._slots.slots,
            "slots_taken": self._slots.taken,
            "seats": self._slots.seats,
            "running": self._running.in_slots(),
            "draining": self.drain.has_begun,
            "consumer_ok": self.canary.is_well,
            "total": self._ledger.total(),
            "free": self._ledger.free(),
            "cards": self._cards,
            "loaded": self._standing.loaded(),
            "spares": self._standing.spares(),
        }

    def _is_saturated(self) -> bool:
        return self.drain.has_begun or not self._slots.free

    def _keep(self, name: str, action: Callable[[], None], *, interval_s: float) -> Periodic:
        return Periodic(name, action, interval_s=interval_s, unforeseen=self._end_unforeseen)

    def _end_unforeseen(self) -> None:
        # What is being closed may well surprise a loop that has not stopped yet.
        if not self._closing:
            logger.critical("ending")
            self._end(EXIT_UNFORESEEN)

    def _end_because_deaf(self, silence_s: float) -> None:
        logger.critical("consumer is deaf, ending", silence_s=round(silence_s, 1))
        self._end(EXIT_DEAF)

    def _end_without_ray(self, silence_s: float) -> None:
        logger.critical("Ray is gone, ending", silence_s=round(silence_s, 1))
        self._end(EXIT_RAY_GONE)

    def _end(self, exit_code: int) -> None:
        # Nothing is lost: leases run out, and the operation server gives the attempts to others.
        self._reporter.close(1.0)
        os._exit(exit_code)


_current: AnalysisWorker | None = None


def make_current(app: Celery, settings: AnalysisSettings) -> AnalysisWorker:
    """Make the worker of this process."""
    global _current  # noqa: PLW0603  # Celery gives its tasks no other place for what a process owns.
    _current = AnalysisWorker(app, settings)
    return _current


def current_worker() -> AnalysisWorker:
    """Return the worker of this process."""
    if _current is None:
        raise RuntimeError("the worker has not been started")
    return _current
