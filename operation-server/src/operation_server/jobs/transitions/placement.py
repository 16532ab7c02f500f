"""Placement: which queue of the broker a job may go to, so that whoever takes it can run it.

A queue that many workers share is taken where each of them can run the job: whoever is free first takes it.
Otherwise the job goes to the queue of one class of workers that can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import Requires
from satellite.contracts.task_names import EXECUTE_QUEUE, is_class_queue, shared_queue
from satellite.contracts.worker import WorkerHeartbeat
from satellite.contracts.worker_class import WorkerClass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClass:
    """A class that some live worker is of, and the broker's queues that all of them consume."""

    worker_class: WorkerClass
    queues: frozenset[str]

    @classmethod
    def of(cls, beat: WorkerHeartbeat) -> LiveClass:
        """Return the class of a worker."""
        queues = frozenset(queue for queue in beat.queues if queue.startswith(EXECUTE_QUEUE))
        return cls(worker_class=beat.worker_class, queues=queues)

    @property
    def own_queue(self) -> str | None:
        """Return the queue of this class alone; None of workers of an older release."""
        return next(filter(is_class_queue, self.queues), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchCapacity:
    """What the live workers can take: how deep each queue may be, and what their classes are able to run."""

    depths: Mapping[str, int] = field(default_factory=dict)
    """Jobs that may be dispatched to a queue and not started; a queue that nobody consumes has none."""
    classes: tuple[LiveClass, ...] = ()

    @classmethod
    def of(
        cls, beats: Iterable[WorkerHeartbeat], *, slots_factor: float, spare_slots: int
    ) -> DispatchCapacity:
        """Return what live workers take soon: so many times their slots, and some more."""
        slots: Counter[str] = Counter()
        classes: dict[tuple[str, frozenset[str]], LiveClass] = {}
        for beat in beats:
            if beat.takes_jobs:
                live = LiveClass.of(beat)
                classes[live.worker_class.digest(), live.queues] = live
                slots.update(dict.fromkeys(live.queues, beat.slots))
        depths = {queue: int(count * slots_factor) + spare_slots for queue, count in slots.items()}
        return cls(depths=depths, classes=tuple(classes.values()))

    def deepened_by(self, jobs: int) -> DispatchCapacity:
        """Return the capacity with room for more jobs ahead in each queue that somebody consumes."""
        return replace(self, depths={queue: depth + jobs for queue, depth in self.depths.items()})

    def queues_for(self, requires: Requires, resources: PluginResources) -> tuple[str, ...]:
        """Return the queues all of whose consumers can run the job; none while no live worker can."""
        shared = shared_queue(requires.queue_name, with_gpu=resources.gpus > 0)
        consumers = [live for live in self.classes if shared in live.queues]
        able = [live for live in consumers if live.worker_class.can_run(requires, resources)]
        if able and len(able) == len(consumers):
            return (shared,)
        return tuple(live.own_queue for live in able if live.own_queue)
