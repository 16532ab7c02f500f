"""A Celery worker with our pool, transport and steps: who runs beside whom."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu import Queue

from analysis_server.lifecycle import held_messages
from analysis_server.lifecycle.free_slots import TakeWhileFree
from analysis_server.lifecycle.slots import Slots
from satellite.contracts.amqp_queues import queue_arguments
from satellite.contracts.task_names import BATCH_HEADER
from tests.fixtures.servers import wait_until

SLOTS, SEATS = 4, 32
POOLS = {
    "redis": "analysis_server.lifecycle.free_slots:SlotPool",
    "rabbitmq": "analysis_server.lifecycle.held_messages:HoldingPool",
}


class Work:
    """Tasks that stay until they are let go."""

    def __init__(self, broker_url: str) -> None:
        self.broker_url = broker_url
        self.running: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._may_end: dict[str, threading.Semaphore] = {}
        self.app = Celery("slots", broker=broker_url)
        self.app.conf.update(task_default_queue="work", task_ignore_result=True)
        self.app.slots = Slots(slots=SLOTS, seats=SEATS)
        if broker_url.startswith("amqp"):
            self._use_rabbitmq()
        else:
            self._use_redis()

        @self.app.task(name="stay", shared=False)
        def stay(name: str, *, runs_alone: bool) -> None:
            with self.app.slots.alone(lambda: False) if runs_alone else contextlib.nullcontext():
                self._stay(name)

        self._task = stay

    def _use_redis(self) -> None:
        queue = Queue("work", routing_key="work", no_ack=True)  # type: ignore[no-untyped-call]
        transport = "analysis_server.lifecycle.broker_transport:Transport"
        self.app.conf.update(broker_transport=transport, task_queues=[queue])
        self.app.steps["consumer"].add(TakeWhileFree)

    def _use_rabbitmq(self) -> None:
        held_messages.use_no_delays()
        arguments = queue_arguments("work")
        queue = Queue("work", routing_key="work", queue_arguments=arguments)  # type: ignore[no-untyped-call]
        # The loop looks at its heartbeats whether it shall stop; a worker's process is woken by a signal.
        self.app.conf.update(task_queues=[queue], task_acks_late=True, broker_heartbeat=2)
        self.app.Task.Request = "analysis_server.lifecycle.held_messages:SlotRequest"
        self.app.steps["consumer"].add(held_messages.HoldBeyondSlots)

    def send(self, name: str, count: int, *, batch_size: int | None = None, runs_alone: bool = False) -> None:
        headers = {BATCH_HEADER: [name, batch_size]} if batch_size else None
        self._may_end.setdefault(name, threading.Semaphore(0))
        for _ in range(count):
            self._task.apply_async(args=(name,), kwargs={"runs_alone": runs_alone}, headers=headers)

    def declare(self) -> None:
        """Make the queue; what sends remembers queues of other tests, which are deleted."""
        with self.app.connection_for_write() as connection:
            self.app.amqp.queues["work"](connection).declare()

    def waiting(self) -> int:
        """Return how many messages lie in the queue, and are held by no worker."""
        with self.app.connection_for_read() as connection:
            return int(connection.default_channel.queue_declare("work", passive=True).message_count)

    def let_go(self, name: str, count: int) -> None:
        self._may_end[name].release(count)

    def _stay(self, name: str) -> None:
        self.running[name] += 1
        self._may_end[name].acquire(timeout=30)
        self.running[name] -= 1
        self.done[name] += 1


@pytest.fixture(params=POOLS)
def idle(request: pytest.FixtureRequest, redis_url: str) -> Work:
    """Work that no worker takes yet."""
    return Work(request.getfixturevalue("rabbitmq").url if request.param == "rabbitmq" else redis_url)


@pytest.fixture
def work(idle: Work) -> Iterator[Work]:
    with consuming(idle):
        yield idle


@contextlib.contextmanager
def consuming(work: Work) -> Iterator[None]:
    """Run the worker until the block ends, however much still runs by then."""
    pool = POOLS["rabbitmq" if work.broker_url.startswith("amqp") else "redis"]
    options = {"pool": pool, "concurrency": SLOTS + SEATS, "perform_ping_check": False}
    with start_worker(work.app, shutdown_timeout=30, **options):
        yield
        for name in list(work.running):
            work.let_go(name, 1_000)


def settled(work: Work, **expected: int) -> None:
    """Wait until so many run of each, and see that no more come."""
    wait_until(lambda: all(work.running[name] == count for name, count in expected.items()))
    with contextlib.suppress(AssertionError):
        wait_until(lambda: any(work.running[name] > count for name, count in expected.items()), timeout_s=0.6)
    assert {name: work.running[name] for name in expected} == expected


def test_jobs_of_a_batch_leave_the_other_slots_to_others(work: Work) -> None:
    work.send("gathered", SEATS + 3, batch_size=16)
    work.send("alone", 5)
    settled(work, gathered=SEATS + 3, alone=SLOTS - 3)
    work.let_go("gathered", 19)
    settled(work, gathered=16, alone=SLOTS - 1)
    work.let_go("gathered", 16)
    settled(work, gathered=0, alone=SLOTS)
    work.let_go("alone", SLOTS)
    wait_until(lambda: work.done == {"alone": 5, "gathered": SEATS + 3} or work.let_go("alone", 1))


def test_a_worker_full_of_others_still_gathers_a_batch_in_its_last_slot(work: Work) -> None:
    work.send("alone", 3)
    settled(work, alone=3)
    work.send("gathered", 20, batch_size=16)
    settled(work, alone=3, gathered=16)
    # Whoever came later has its turn when a slot is free, and then takes it from neither.
    work.send("alone", 2)
    work.let_go("alone", 1)
    settled(work, alone=2, gathered=20)
    work.let_go("gathered", 20)
    settled(work, alone=4, gathered=0)
    work.let_go("alone", 4)
    wait_until(lambda: work.done == {"alone": 5, "gathered": 20})


def test_a_suspect_runs_alone(work: Work) -> None:
    work.send("before", 2)
    settled(work, before=2)
    work.send("suspect", 1, runs_alone=True)
    wait_until(lambda: not work.app.slots.free)
    work.send("after", 3)
    settled(work, before=2, suspect=0, after=0)
    work.let_go("before", 2)
    settled(work, before=0, suspect=1, after=0)
    work.let_go("suspect", 1)
    settled(work, suspect=0, after=3)
    work.let_go("after", 3)


def test_a_drained_worker_begins_nothing_and_holds_nothing(work: Work) -> None:
    work.send("running", SLOTS)
    settled(work, running=SLOTS)
    # RabbitMQ brings as many as there are slots, which then are held; for a batch there would be seats.
    work.send("waiting", 2 * SLOTS)
    work.app.slots.close()
    work.send("gathered", 2, batch_size=16)
    wait_until(lambda: work.waiting() == 2 * SLOTS + 2)
    work.let_go("running", SLOTS)
    settled(work, running=0, waiting=0, gathered=0)
    wait_until(lambda: work.waiting() == 2 * SLOTS + 2)
    work.app.slots.open()
    wait_until(lambda: sum(work.running.values()) >= SLOTS)
    work.let_go("waiting", 2 * SLOTS)
    work.let_go("gathered", 2)
    wait_until(lambda: work.done == {"running": SLOTS, "waiting": 2 * SLOTS, "gathered": 2})


def test_a_worker_that_starts_drained_takes_nothing_until_it_is_resumed(idle: Work) -> None:
    idle.declare()
    idle.app.slots.close()
    idle.send("waiting", 1)
    with consuming(idle):
        settled(idle, waiting=0)
        wait_until(lambda: idle.waiting() == 1)
        idle.app.slots.open()
        settled(idle, waiting=1)
