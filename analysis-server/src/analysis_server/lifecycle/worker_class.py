"""What this worker says of itself to be placed by, and the queues that follow from it."""

from __future__ import annotations

from collections.abc import Sequence

from analysis_server.settings import WorkerSettings
from satellite.contracts.requires import RuntimeName
from satellite.contracts.task_names import canary_queue, class_queue, shared_queue
from satellite.contracts.worker import GPUCard
from satellite.contracts.worker_class import ClassCard, WorkerClass


def describe_class(
    settings: WorkerSettings, *, runtimes: Sequence[RuntimeName], cards: Sequence[GPUCard]
) -> WorkerClass:
    """Return the class of this worker."""
    return WorkerClass(
        queues=settings.queues,
        runtimes=list(runtimes),
        labels=settings.labels,
        cpus=settings.cpus,
        memory_mib=settings.memory_mib,
        cards=[ClassCard(name=card.name, memory_mib=card.memory_mib) for card in cards],
    )


def consumed_queues(worker: str, worker_class: WorkerClass) -> list[str]:
    """Return the broker's queues of a worker; only one with graphics cards takes jobs that need them."""
    kinds = (False, True) if worker_class.cards else (False,)
    shared = [shared_queue(name, with_gpu=with_gpu) for name in worker_class.queues for with_gpu in kinds]
    return [*shared, canary_queue(worker), class_queue(worker_class.digest())]
