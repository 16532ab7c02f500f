"""The parts of one worker process, wired together."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import structlog
from celery import Celery
from redis import Redis
from redis.exceptions import RedisError

from analysis_server.celery_app import consume
from analysis_server.execution import adoption, handle_watch
from analysis_server.execution.adoption import Adoptions, OfferBoard
from analysis_server.execution.attempt import AttemptRunner
from analysis_server.execution.cancellation import CancellationListener
from analysis_server.execution.claim import ClaimStore
from analysis_server.execution.disk_guard import DiskGuard
from analysis_server.execution.files.artifact_sender import ArtifactSender
from analysis_server.execution.files.file_server import FileServer
from analysis_server.execution.files.input_fetcher import InputFetcher
from analysis_server.execution.files.model_store import ModelStore
from analysis_server.execution.handle_watch import HandleWatch
from analysis_server.execution.running import RunningAttempts, Stop
from analysis_server.lifecycle import health
from analysis_server.lifecycle.canary import SEND_EVERY_S, Canary
from analysis_server.lifecycle.drain import Drain
from analysis_server.lifecycle.heartbeat import HEARTBEAT_EVERY_S, Heartbeat
from analysis_server.lifecycle.intake import LOOK_EVERY_S as INTAKE_EVERY_S
from analysis_server.lifecycle.intake import Intake
from analysis_server.lifecycle.janitor import SWEEP_EVERY_S, Janitor
from analysis_server.lifecycle.periodic import Periodic
from analysis_server.lifecycle.reachability import tell_unreachable
from analysis_server.lifecycle.site import Site
from analysis_server.reporting.celery_reporter import CeleryReporter
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.reporting.spool import Spool
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.settings import AnalysisSettings
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.identity import AttemptKey
from satellite.tracing.spans import start_tracing, stop_tracing

EXIT_DEAF = 70
"""The consumer lives but receives nothing; see `canary.py`."""
EXIT_UNFORESEEN = 71
"""A loop of this process ended with an error that nobody foresaw; see `loop_thread.py`."""
EXIT_SITE_GONE = 75
REPORT_TIMEOUT_S = 10.0
STOP_WITHIN_S = 10.0

logger = structlog.get_logger(__name__)


class AnalysisWorker:
    """Everything of a worker but Celery's own loop."""

    def __init__(self, app: Celery, settings: AnalysisSettings) -> None:
        """Connect to Ray and make the parts; nothing is consumed yet."""
        worker, redis_url = settings.worker, settings.broker.redis_url
        self._slots = app.slots
        self._closing = False
        self._settings = worker
        self._spans_dropped = 0
        start_tracing(settings.tracing, process="satellite-worker", dropped=self._count_dropped_spans)
        worker.state_dir.mkdir(parents=True, exist_ok=True)
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
        tell_unreachable(app, self._redis, settings.broker)
        self._running = RunningAttempts()
        self._site = site = make_site(settings)
        consume(app, site.queues)
        leases = LeaseKeeper(
            self._redis,
            worker=worker.name,
            held=self._running.keys,
            attachable=self._attachable,
        )
        self._reporter = CeleryReporter(
            app, leases=leases, spool=Spool(worker.state_dir / "spool"), released=self._running.release
        )
        self._janitor = Janitor(leases=leases, running=self._running, executor=site.executor)
        self._cancellations = CancellationListener(
            redis_url=redis_url,
            running=self._running,
            admission=site.admission,
            executor=site.executor,
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
        self._intake = Intake(self._redis, worker=worker.name, slots=self._slots, changed=self._tell_intake)
        self._periodic = [
            self._pulse,
            self._sweep,
            self._keep("intake", self._intake.look, interval_s=INTAKE_EVERY_S),
            self._keep("canary", self.canary.check, interval_s=SEND_EVERY_S),
            *(
                self._keep(watch.name, watch.look, interval_s=watch.interval_s)
                for watch in site.watches(self._end_without_site)
            ),
        ]
        self._handles = HandleWatch(
            worker=worker.name,
            executor=site.executor,
            running=self._running,
            leases=leases,
            reporter=self._reporter,
        )
        self.drain = Drain(
            running=self._running,
            # What goes on without this worker need not wait for it, nor it for that.
            end_rest=self._let_go if site.outlives_all else self._hand_back,
            timeout_s=0 if site.outlives_all else worker.drain_timeout_s,
            begun=self._pulse.hurry,
            unforeseen=self._end_unforeseen,
        )
        self._fetched = OwnedFolder(worker.files_folder / worker.stack_id / "fetched")
        self._fetched.sweep()
        self._collected = OwnedFolder(worker.files_folder / worker.stack_id / "collected")
        self._collected.sweep()
        server = FileServer(worker.api_url) if worker.api_url is not None else None
        self.runner = AttemptRunner(
            settings=worker,
            worker_class=site.worker_class,
            claims=ClaimStore(self._redis, worker=worker.name),
            running=self._running,
            admission=site.admission,
            executor=site.executor,
            reporter=self._reporter,
            disk=DiskGuard(worker.state_dir),
            inputs=InputFetcher(server, self._fetched),
            models=ModelStore(server, worker.files_folder / worker.stack_id / "models"),
            artifacts=ArtifactSender(server, self._collected),
            executor_lost=self._sweep.hurry,
            alone=self._slots.alone,
            gives_back=lambda: self._slots.is_closed,
        )
        self._adoptions = Adoptions(
            board=OfferBoard(self._redis, worker=worker.name),
            running=self._running,
            place=lambda: self._handles.place,
            is_leaving=lambda: self.drain.has_begun,
            adopt=self._adopt,
            runs_max=worker.slots,
        )
        if site.runs_outlive_worker:
            self._periodic += [
                self._keep("handles", self._handles.look, interval_s=handle_watch.LOOK_EVERY_S),
                self._keep("adoptions", self._adoptions.look, interval_s=adoption.LOOK_EVERY_S),
            ]
        with contextlib.suppress(RedisError, OSError):
            # Before anything is consumed.
            self._intake.look()

    def start(self) -> None:
        """Begin to tell of this worker; its consumer is ready."""
        self._cancellations.start()
        for periodic in self._periodic:
            periodic.start()
        logger.info("worker ready", name=self._settings.name, runtimes=self._site.why)
        for weakness in self._site.weaknesses:
            logger.warning("isolation is weak", reason=weakness)

    def close(self) -> None:
        """End everything; what is not reported by now is spooled."""
        self._closing = True
        # Celery waits for its own tasks only; the drain ends these in time.
        self._adoptions.wait(self._settings.drain_timeout_s + STOP_WITHIN_S)
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
        self._site.executor.close()
        self._fetched.close()
        self._collected.close()
        self._redis.close()
        stop_tracing()

    def _beat(self) -> None:
        if self.canary.is_well:
            health.note(self._settings.state_dir)
        self._heartbeat.beat()
        self._leases.renew()
        self._cancellations.check_keys(self._redis)

    def _describe(self) -> dict[str, object]:
        site = self._site
        return {
            "runtime": site.worker_class.runtimes[0],
            "runtime_reason": site.why,
            "runtimes": site.worker_class.runtimes,
            "labels": site.worker_class.labels,
            "serves": site.worker_class.queues,
            "weaknesses": site.weaknesses,
            # What lies in the queue of its class is then given to others by the operation server.
            "queues": [] if self._slots.is_closed else site.queues,
            "slots": self._slots.slots,
            "slots_taken": self._slots.taken,
            "seats": self._slots.seats,
            "running": [(key.job_id, key.attempt) for key in self._running.in_slots()],
            "draining": self.drain.has_begun or not site.takes_jobs,
            "drained": self._slots.is_closed,
            "consumer_ok": self.canary.is_well,
            "total": site.admission.total(),
            "free": site.admission.free(),
            **site.describe(),
            "spans_dropped": self._spans_dropped,
        }

    def _count_dropped_spans(self, count: int) -> None:
        self._spans_dropped += count

    def _tell_intake(self) -> None:
        self._pulse.hurry()
        self._site.admission.wake()

    def _attachable(self) -> list[AttemptKey]:
        return [held.key for held in self._running.attachable()]

    def _adopt(self, offer: AdoptionOffer) -> None:
        # Though it waited for none, it has a slot: no more shall begin here than there is room for.
        self._slots.take(None)
        try:
            self.runner.adopt(offer)
        finally:
            self._slots.give_back(None)

    def _hand_back(self) -> None:
        self._cancellations.stop_attempts(Stop.DRAINED)

    def _let_go(self) -> None:
        logger.info("attempts go on without this worker", count=len(self._attachable()))
        self._end(0)

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

    def _end_without_site(self, reason: str) -> None:
        logger.critical("what plugins run on is gone or was changed, ending", reason=reason)
        self._end(EXIT_SITE_GONE)

    def _end(self, exit_code: int) -> None:
        # Nothing is lost: leases run out, and the operation server gives the attempts to others.
        self._reporter.close(1.0)
        with contextlib.suppress(RedisError, OSError):
            self._leases.let_go(self._attachable())
        os._exit(exit_code)


def make_site(settings: AnalysisSettings) -> Site:
    """Return where the plugins of this worker run."""
    # Each takes a library that the other has no use for: Ray takes half a second and 100 MB.
    if settings.worker.cluster is not None:
        from analysis_server.connector.cluster_site import ClusterSite  # noqa: PLC0415

        return ClusterSite(settings, name=settings.worker.cluster)
    from analysis_server.lifecycle.own_machine import OwnMachine  # noqa: PLC0415

    return OwnMachine(settings)


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
