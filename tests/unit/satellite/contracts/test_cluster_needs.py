"""What a job needs of a cluster, and how a cluster refuses it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from satellite.contracts.cluster_needs import ClusterNeeds
from satellite.contracts.cluster_nodes import ClusterRoom
from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import Requires
from satellite.contracts.task_names import (
    class_queue,
    cluster_of_queue,
    cluster_queue,
    is_class_queue,
    is_cluster_queue,
)
from satellite.testing import heartbeat_of, manifest_of

A100 = {"uuid": "1", "name": "NVIDIA A100", "memory_mib": 40_000}
NODE = {"name": "n", "cpus": 8, "memory_mib": 64_000, "cards": [A100, A100 | {"uuid": "2"}]}


def refusals(requires: dict[str, Any], resources: PluginResources | None = None, **room: Any) -> list[str]:
    beat = heartbeat_of(
        runtime="cluster",
        labels={"cluster": "lab"},
        total={},
        cluster={"name": "lab", "nodes": [NODE], **room},
    )
    stated = Requires.model_validate({"runtime": "cluster", **requires})
    return list(beat.worker_class.refusals(stated, resources or PluginResources()))


@pytest.mark.parametrize(
    ("needs", "reasons"),
    [
        ({"gpus": 2, "memory_mib": 64_000, "cpus": 8}, []),
        ({"name": "lab"}, []),
        ({"name": "other"}, ["is not the cluster other"]),
        ({"gpus": 3}, ["has 2 gpus on a node of 3"]),
        ({"gpus": 1, "gpu_memory_mib": 80_000}, ["has 0 gpus with 80000 MiB on a node of 1"]),
        ({"memory_mib": 65_000}, ["has 64000 MiB memory on a node of 65000"]),
        ({"cpus": 9}, ["has 8 cpus on a node of 9"]),
        ({"cpus": 9, "gpus": 4}, ["has 8 cpus on a node of 9", "has 2 gpus on a node of 4"]),
    ],
)
def test_each_need_has_its_sentence(needs: dict[str, Any], reasons: list[str]) -> None:
    assert refusals({"cluster": needs}) == reasons


def test_all_of_it_is_on_one_node() -> None:
    nodes = [NODE | {"cards": []}, NODE | {"cpus": 1}]
    assert refusals({"cluster": {"gpus": 2, "cpus": 4}}, nodes=nodes) == [
        "has no node that has all of that at once"
    ]
    assert refusals({}, nodes=[]) == [
        "has 0 cpus on a node of 1",
        "has 0 MiB memory on a node of 512",
    ]


def test_any_card_of_a_node_may_be_given() -> None:
    mixed = NODE | {"cards": [A100, A100 | {"name": "Tesla T4"}]}
    wanted = {"gpu_kind": "A100", "cluster": {"gpus": 1}}
    assert refusals(wanted, nodes=[mixed]) == ["has 0 gpus of the kind A100 on a node of 1"]
    assert refusals(wanted, nodes=[mixed, NODE]) == []


def test_what_is_left_open_the_plugin_says() -> None:
    resources = PluginResources(gpus=0.5, memory_mib=70_000)
    assert refusals({}, resources) == ["has 64000 MiB memory on a node of 70000"]
    assert refusals({"cluster": {"memory_mib": 1_000}}, resources) == []
    assert ClusterNeeds.of(resources).gpus == 1


def test_a_cluster_takes_nothing_that_requires_none() -> None:
    beat = heartbeat_of(
        runtime="cluster", labels={"cluster": "lab"}, cluster={"name": "lab", "nodes": [NODE]}
    )
    assert list(beat.worker_class.refusals(Requires(), PluginResources())) == [
        "is a cluster, which takes only what requires the runtime cluster"
    ]
    assert "does not have the runtime cluster" in heartbeat_of().worker_class.refusals(
        Requires(runtime="cluster"), PluginResources()
    )


def test_nodes_alike_are_one_make_and_name_one_class() -> None:
    one = ClusterRoom.model_validate({"name": "a", "nodes": [NODE, NODE | {"name": "m"}]})
    held = NODE | {"cards": [A100 | {"holder": "job 1"}, A100 | {"uuid": "9"}]}
    other = ClusterRoom.model_validate({"name": "b", "nodes": [held]})
    assert one.makes == other.makes
    assert len(one.makes) == 1
    assert one.free_cards(ClusterNeeds(gpus=1), None) == 2
    assert other.free_cards(ClusterNeeds(gpus=1), None) == 1
    assert other.free_cards(ClusterNeeds(gpus=1), "T4") == 0


@pytest.mark.parametrize(
    ("room", "reasons"),
    [
        ({"disk_free_mib": 3_072}, ["has 3 GiB disk free of 10"]),
        ({"disk_free_mib": 10_240}, []),
        ({}, []),
        ({"state": "unreachable"}, ["is unreachable"]),
    ],
)
def test_what_changes_is_looked_at_apart(room: dict[str, Any], reasons: list[str]) -> None:
    assert (
        list(ClusterRoom.model_validate({"name": "a", **room}).refusals(ClusterNeeds(disk_mib=10_240)))
        == reasons
    )


def test_one_that_is_not_ready_takes_no_jobs() -> None:
    assert heartbeat_of(cluster={"name": "a"}).takes_jobs
    assert not heartbeat_of(cluster={"name": "a", "state": "untrusted"}).takes_jobs


def test_needs_are_for_clusters_and_narrow_what_the_plugin_needs() -> None:
    plugin = Requires.model_validate({"runtime": "cluster", "cluster": {"gpus": 1, "name": "a"}})
    job = Requires.model_validate({"cluster": {"gpus": 2}})
    assert list(plugin.conflicts(job, has_gpus=False)) == []
    assert plugin.narrowed_by(job).cluster == ClusterNeeds(gpus=2, name="a")
    assert [place for place, _ in Requires().conflicts(job, has_gpus=False)] == ["/cluster"]
    elsewhere = Requires.model_validate({"cluster": {"name": "b"}})
    assert [place for place, _ in plugin.conflicts(elsewhere, has_gpus=False)] == ["/cluster/name"]
    kind = Requires.model_validate({"gpu_kind": "A100", "cluster": {"gpus": 1}})
    assert list(plugin.conflicts(kind, has_gpus=False)) == []


@pytest.mark.parametrize(
    "needs", [{"gpus": -1}, {"gpus": 0.5}, {"gpus": "2"}, {"name": "A b"}, {"disk_mib": 0}, {"zone": "a"}]
)
def test_what_no_cluster_can_have_is_refused(needs: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Requires.model_validate({"cluster": needs})


def test_what_requires_no_cluster_is_written_as_before() -> None:
    assert Requires().model_dump_json() == "{}"
    assert manifest_of(requires={"runtime": "cluster"}).digest() != manifest_of().digest()
    stated = Requires.model_validate({"cluster": {"gpus": 2}})
    assert stated.model_dump(mode="json") == {"cluster": {"gpus": 2}}


def test_a_queue_says_whose_it_is() -> None:
    assert is_cluster_queue(cluster_queue("lab"))
    assert cluster_of_queue(cluster_queue("lab")) == "lab"
    assert not is_class_queue(cluster_queue("lab"))
    assert not is_cluster_queue(class_queue("x"))
    with pytest.raises(ValueError, match="not the queue of a cluster"):
        cluster_of_queue("satellite.execute")
