"""Jobs by RabbitMQ beside jobs by Redis: the same platform twice, in turns."""

from __future__ import annotations

import contextlib
import statistics
from collections import defaultdict

from tests.acceptance.platform import Platform, running_platform
from tests.fixtures.rabbitmq import program, running_rabbitmq
from tests.performance.figure import Figure
from tests.performance.jobs import BATCH, CLIENTS, rate_of_batches, rate_of_single
from tests.performance.warm_client import WarmClient

ARGUMENTS = ("--no-demo", "--runtime", "process")


def measure(*, rounds: int, calls: int = 100) -> list[Figure]:
    """Measure warm jobs, alone and in numbers; nothing where there is no RabbitMQ."""
    if program() is None:
        return []
    trips: dict[str, list[float]] = defaultdict(list)
    single: dict[str, list[float]] = defaultdict(list)
    batches: dict[str, list[float]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        rabbitmq = stack.enter_context(running_rabbitmq())
        platforms: dict[str, Platform] = {
            "redis": stack.enter_context(running_platform(*ARGUMENTS)),
            "rabbitmq": stack.enter_context(
                running_platform(*ARGUMENTS, environment={"CELERY_BROKER_URL": rabbitmq.url})
            ),
        }
        clients = {
            name: stack.enter_context(contextlib.closing(WarmClient(stack.enter_context(platform.api()))))
            for name, platform in platforms.items()
        }
        for client in clients.values():
            for _ in range(30):
                client.run_job_ms()
        for _ in range(rounds):
            for name, platform in platforms.items():
                trips[name] += [clients[name].run_job_ms() for _ in range(calls)]
                single[name].append(rate_of_single(platform, jobs=640))
                batches[name].append(rate_of_batches(clients[name], jobs=1500))
    return [
        figure("warm job by RabbitMQ, submit to result, p50", "ms", trips),
        figure(f"warm jobs by RabbitMQ, {CLIENTS} clients", "1/s", single, target=">= 0.8 x"),
        figure(f"warm jobs by RabbitMQ, submitted {BATCH} at a time", "1/s", batches, target=">= 0.8 x"),
    ]


def figure(name: str, unit: str, values: dict[str, list[float]], *, target: str = "") -> Figure:
    """Return a figure whose floor is that of Redis."""
    return Figure(
        name=name,
        value=statistics.median(values["rabbitmq"]),
        unit=unit,
        floor=statistics.median(values["redis"]),
        floor_name="by Redis",
        target=target,
    )
