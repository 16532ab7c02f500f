"""Placement: which queue of the broker a job may go to, so that whoever takes it can run it.

A queue that many workers share is taken where each of them can run the job: whoever is free first takes it.
Otherwise the job goes to the queue of one class of workers that can, or to that of one cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from satellite.contracts.cluster_needs import CLUSTER_RUNTIME, ClusterNeeds
from satellite.contracts.cluster_nodes import ClusterRoom
from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import Requires
from satellite.contracts.task_names import EXECUTE_QUEUE, is_class_queue, is_cluster_queue, shared_queue
from satellite.contracts.worker import WorkerHeartbeat
from satellite.contracts.worker_class import WorkerClass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClass:
    """A class that some live worker is of, and the broker's queues that all of them consume."""

    worker_class: WorkerClass
    queues: frozenset[str]
    room: ClusterRoom | None = None
    """Of a cluster: what is there now."""

    @classmethod
    def of(cls, beat: WorkerHeartbeat) -> LiveClass:
        """Return the class of a worker."""
        queues = frozenset(queue for queue in beat.queues if queue.startswith(EXECUTE_QUEUE))
        return cls(worker_class=beat.worker_class, queues=queues, room=beat.cluster)

    @property
    def own_queue(self) -> str | None:
        """Return the queue of this class or cluster alone; None of workers of an older release."""
        return next(
            (queue for queue in self.queues if is_class_queue(queue) or is_cluster_queue(queue)), None
        )

    def has_room(self, needs: ClusterNeeds) -> bool:
        """Tell whether a cluster takes a job with such needs now."""
        return self.room is None or next(self.room.refusals(needs), None) is None


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
        if requires.runtime == CLUSTER_RUNTIME:
            return tuple(self.clusters_for(requires, resources))
        shared = shared_queue(requires.queue_name, with_gpu=resources.gpus > 0)
        consumers = [live for live in self.classes if shared in live.queues]
        able = [live for live in consumers if live.worker_class.can_run(requires, resources)]
        if able and len(able) == len(consumers):
            return (shared,)
        return tuple(live.own_queue for live in able if live.own_queue)

    def clusters_for(self, requires: Requires, resources: PluginResources) -> dict[str, FreeCards]:
        """Return the queues of the clusters that can run the job, and the cards that are free there."""
        needs = needs_of(requires, resources)
        return {
            live.own_queue: FreeCards.of(live.room, needs, requires.gpu_kind)
            for live in self.classes
            if live.own_queue
            and live.worker_class.is_cluster
            and live.worker_class.can_run(requires, resources)
            and live.has_room(needs)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeCards:
    """The cards of a cluster as one kind of job sees them."""

    wanted: int
    free: int
    """On the node that has most of them."""
    waiting: int
    """Jobs that are there already and have no cards yet."""

    @classmethod
    def of(cls, room: ClusterRoom | None, needs: ClusterNeeds, kind: str | None) -> FreeCards:
        """Return them as the cluster's heartbeat says it."""
        if room is None:
            return cls(wanted=needs.gpus or 0, free=0, waiting=0)
        return cls(wanted=needs.gpus or 0, free=room.free_cards(needs, kind), waiting=room.waiting)

    def after(self, unstarted: int) -> int:
        """Return how many are left once those have theirs that are before; each is taken for a job alike."""
        return self.free - self.wanted * (self.waiting + unstarted)

    def fits(self, unstarted: int) -> bool:
        """Tell whether one more job would begin at once."""
        return self.after(unstarted) >= self.wanted


def needs_of(requires: Requires, resources: PluginResources) -> ClusterNeeds:
    """Return what a cluster must have for a job."""
    return (requires.cluster or ClusterNeeds()).or_of(resources)
