"""Which clusters a job may be sent to, and which of them is the best."""

from __future__ import annotations

from typing import Any

import pytest

from operation_server.jobs.transitions.catalog import PluginVersion
from operation_server.jobs.transitions.placement import DispatchCapacity
from operation_server.jobs.transitions.room import Room, WaitingGroup
from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import Requires
from satellite.contracts.task_names import EXECUTE_QUEUE, cluster_queue
from satellite.contracts.worker import WorkerHeartbeat
from satellite.testing import heartbeat_of

H100 = {"name": "NVIDIA H100", "memory_mib": 80_000}


def node_of(*, cards: int = 2, held: int = 0, card: dict[str, Any] | None = None, **fields: Any) -> Any:
    has = [
        {"uuid": str(index), "name": "NVIDIA A100", "memory_mib": 40_000}
        | (card or {})
        | {"holder": "job 1" if index < held else None}
        for index in range(cards)
    ]
    return {"name": "n", "cpus": 32, "memory_mib": 256_000, "cards": has, **fields}


def beat_of(name: str, *nodes: Any, slots: int = 64, zone: str = "a", **room: Any) -> WorkerHeartbeat:
    return heartbeat_of(
        name=f"cluster-{name}",
        runtime="cluster",
        labels={"cluster": name, "zone": zone},
        queues=[cluster_queue(name)],
        slots=slots,
        cluster={"name": name, "nodes": list(nodes) or [node_of()], "disk_free_mib": 100_000, **room},
    )


def capacity_of(*beats: WorkerHeartbeat) -> DispatchCapacity:
    return DispatchCapacity.of(beats, slots_factor=1, spare_slots=0)


def room_of(*beats: WorkerHeartbeat) -> Room:
    version = PluginVersion(
        plugin_id=1,
        name="gpu-job",
        digest="d",
        manifest_json="{}",
        resources=PluginResources(),
        max_running=None,
        requires=Requires(runtime="cluster"),
    )
    return Room(capacity=capacity_of(*beats), versions={1: version})


def group_of(**needs: Any) -> WaitingGroup:
    return WaitingGroup(
        plugin_id=1,
        owner_id=1,
        requires_json=Requires.model_validate({"cluster": needs}).model_dump_json(),
        is_paused=False,
        control_max_running=None,
        owner_max_running=None,
    )


def place(room: Room, group: WaitingGroup, **cached: int) -> str | None:
    found = room.place(group, cached={cluster_queue(name): size for name, size in cached.items()})
    return None if found is None else found.removeprefix(cluster_queue(""))


@pytest.mark.parametrize(
    ("requires", "beat"),
    [
        ({"cluster": {"gpus": 3}}, beat_of("lab")),
        # Two cards on each of two nodes are not four on one.
        ({"cluster": {"gpus": 4}}, beat_of("lab", node_of(), node_of(name="m"))),
        ({"cluster": {"gpu_memory_mib": 80_000, "gpus": 1}}, beat_of("lab")),
        ({"cluster": {"memory_mib": 300_000}}, beat_of("lab")),
        ({"cluster": {"cpus": 64}}, beat_of("lab")),
        ({"cluster": {"name": "other"}}, beat_of("lab")),
        ({"cluster": {"disk_mib": 200_000}}, beat_of("lab")),
        ({"labels": {"zone": "b"}}, beat_of("lab")),
        ({"gpu_kind": "H100", "cluster": {"gpus": 1}}, beat_of("lab")),
        ({}, beat_of("lab", state="unreachable")),
        ({}, beat_of("lab", state="untrusted")),
        ({}, beat_of("lab").model_copy(update={"draining": True})),
    ],
)
def test_a_cluster_that_cannot_is_passed_over(requires: dict[str, Any], beat: WorkerHeartbeat) -> None:
    stated = Requires.model_validate({"runtime": "cluster", **requires})
    other = beat_of(
        "other",
        node_of(cards=8, card=H100, cpus=128, memory_mib=10**6),
        zone="b",
        disk_free_mib=10**6,
    )
    assert capacity_of(beat).queues_for(stated, PluginResources()) == ()
    assert capacity_of(beat, other).queues_for(stated, PluginResources()) == (cluster_queue("other"),)


def test_workers_and_clusters_take_nothing_of_each_other() -> None:
    capacity = capacity_of(heartbeat_of(), beat_of("lab"))
    assert capacity.queues_for(Requires(), PluginResources()) == (EXECUTE_QUEUE,)
    on_cluster = Requires(runtime="cluster")
    assert capacity.queues_for(on_cluster, PluginResources()) == (cluster_queue("lab"),)
    assert capacity_of(heartbeat_of()).queues_for(on_cluster, PluginResources()) == ()


def test_where_it_begins_at_once_is_before_where_it_waits() -> None:
    room = room_of(
        # Most cards are free there, and all of them are spoken for.
        beat_of("besieged", node_of(cards=8), waiting=4),
        beat_of("busy", node_of(cards=4, held=3)),
        beat_of("idle", node_of(cards=2)),
    )
    assert place(room, group_of(gpus=2)) == "idle"


def test_most_free_cards_then_cached_bytes_then_room() -> None:
    four, same = beat_of("four", node_of(cards=4)), beat_of("same", node_of(cards=4))
    two = beat_of("two", node_of(cards=2))
    deep = beat_of("deep", node_of(cards=4), slots=100)
    assert place(room_of(two, four), group_of(gpus=1), two=10**9) == "four"
    assert place(room_of(four, same), group_of(gpus=1), same=1) == "same"
    assert place(room_of(four, deep, same), group_of(gpus=1)) == "deep"


def test_one_that_is_sent_there_counts_before_its_heartbeat_says_so() -> None:
    room, group = (
        room_of(beat_of("one", node_of(cards=4)), beat_of("two", node_of(cards=4))),
        group_of(gpus=2),
    )
    placed = []
    for _ in range(4):
        placed.append(place(room, group))
        room.take(1, 1, queue=cluster_queue(placed[-1] or ""))
    assert sorted(map(str, placed)) == ["one", "one", "two", "two"]


def test_a_full_cluster_is_sent_nothing() -> None:
    room = room_of(beat_of("lab", slots=1))
    assert place(room, group_of()) == "lab"
    assert not room.chooses_cluster(group_of())
    room.take(1, 1, queue=cluster_queue("lab"))
    assert place(room, group_of()) is None
    assert room_of(beat_of("a"), beat_of("b")).chooses_cluster(group_of())
