"""What plugin and job require of a worker, and who refuses whom."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import MOST_LABELS, Requires, is_of_kind
from satellite.contracts.worker import GPUCard, WorkerResources
from satellite.contracts.worker_class import WorkerClass
from satellite.testing import heartbeat_of, manifest_of

A100, T4 = (
    GPUCard(uuid="1", name="NVIDIA A100-SXM4-80GB", memory_mib=80_000),
    GPUCard(uuid="2", name="Tesla T4"),
)


def refusals(requires: Requires, resources: PluginResources | None = None, **worker: Any) -> list[str]:
    of_worker = heartbeat_of(total=WorkerResources(cpus=4, memory_mib=4096), **worker).worker_class
    return list(of_worker.refusals(requires, resources or PluginResources()))


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("NVIDIA A100-SXM4-80GB", "a100", True),
        ("NVIDIA A100-SXM4-80GB", "A100 SXM4", True),
        ("NVIDIA L40", "L4", False),
        ("NVIDIA L4", "nvidia l4", True),
        ("", "A100", False),
    ],
)
def test_a_kind_is_whole_words_of_a_name(name: str, kind: str, *, expected: bool) -> None:
    assert is_of_kind(name, kind) is expected


def test_a_worker_that_has_everything_refuses_nothing() -> None:
    requires = Requires(queue="batch", runtime="process", labels={"zone": "a"}, gpu_kind="A100")
    worker = {"serves": ["default", "batch"], "labels": {"zone": "a", "disk": "ssd"}, "cards": [A100]}
    assert refusals(requires, PluginResources(gpus=1), **worker) == []


@pytest.mark.parametrize(
    ("requires", "worker", "reason"),
    [
        (Requires(queue="batch"), {}, "does not serve the queue batch"),
        (Requires(), {"serves": ["batch"]}, "does not serve the queue default"),
        (Requires(runtime="container"), {}, "does not have the runtime container"),
        (Requires(labels={"zone": "a"}), {"labels": {"zone": "b"}}, "does not have the label zone=a"),
        (Requires(labels={"zone": "a"}), {}, "does not have the label zone=a"),
    ],
)
def test_what_a_worker_lacks_is_named(requires: Requires, worker: dict[str, Any], reason: str) -> None:
    assert refusals(requires, **worker) == [reason]


@pytest.mark.parametrize(
    ("resources", "cards", "reason"),
    [
        ({"cpus": 8}, [], "has 4 cpus of 8"),
        ({"memory_mib": 8192}, [], "has 4096 MiB memory of 8192"),
        ({"gpus": 2}, [A100], "has 1 gpus of 2"),
        ({"gpus": 0.5, "gpu_memory_mib": 40_000}, [T4], "has 0 gpus with 40000 MiB of 1"),
        # Each card by itself: two thirds of what is asked for, twice, are not one card of it.
        ({"gpus": 2, "gpu_memory_mib": 40_000}, [A100, T4], "has 1 gpus with 40000 MiB of 2"),
    ],
)
def test_what_falls_out_of_resources(resources: dict[str, Any], cards: list[GPUCard], reason: str) -> None:
    assert refusals(Requires(), PluginResources(**resources), cards=cards) == [reason]


def test_a_worker_of_mixed_cards_is_of_no_kind() -> None:
    (reason,) = refusals(Requires(gpu_kind="A100"), PluginResources(gpus=1), cards=[A100, T4])
    assert reason == "has cards of the kind NVIDIA A100-SXM4-80GB, Tesla T4 and not only of A100"


def test_a_job_narrows_what_its_plugin_requires() -> None:
    plugin = Requires(labels={"zone": "a"}, gpu_kind="A100")
    job = Requires(queue="batch", labels={"disk": "ssd"}, gpu_kind="A100 SXM4")
    assert list(plugin.conflicts(job, has_gpus=True)) == []
    assert plugin.narrowed_by(job) == Requires(
        queue="batch", labels={"zone": "a", "disk": "ssd"}, gpu_kind="A100 SXM4"
    )
    assert plugin.narrowed_by(Requires()) == plugin


@pytest.mark.parametrize(
    ("plugin", "job", "pointer"),
    [
        (Requires(queue="batch"), Requires(queue="default"), "/queue"),
        (Requires(runtime="container"), Requires(runtime="process"), "/runtime"),
        (Requires(), Requires(runtime="process"), "/runtime"),
        (Requires(labels={"a/zone": "a"}), Requires(labels={"a/zone": "b"}), "/labels/a~1zone"),
        (Requires(gpu_kind="A100"), Requires(gpu_kind="T4"), "/gpu_kind"),
        (Requires(gpu_kind="A100 SXM4"), Requires(gpu_kind="A100"), "/gpu_kind"),
        (
            Requires(labels={f"l{number}": "x" for number in range(MOST_LABELS)}),
            Requires(labels={"more": "x"}),
            "/labels",
        ),
    ],
)
def test_a_job_never_widens_it(plugin: Requires, job: Requires, pointer: str) -> None:
    assert [place for place, _ in plugin.conflicts(job, has_gpus=True)] == [pointer]


def test_a_kind_of_card_is_asked_for_with_cards_only() -> None:
    assert [place for place, _ in Requires().conflicts(Requires(gpu_kind="A100"), has_gpus=False)] == [
        "/gpu_kind"
    ]
    with pytest.raises(ValidationError, match=r"needs resources\.gpus"):
        manifest_of(requires={"gpu_kind": "A100"})


@pytest.mark.parametrize(
    "stated",
    [
        {"zone": "a"},
        {"queue": "Batch Jobs"},
        {"queue": "x" * 33},
        {"runtime": "vm"},
        {"labels": {"zone": "a b"}},
        {"labels": {"zone\x00": "a"}},
        {"labels": {f"l{number}": "x" for number in range(MOST_LABELS + 1)}},
        {"gpu_kind": ""},
    ],
)
def test_what_no_worker_can_have_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Requires.model_validate(stated)


def test_manifests_that_require_nothing_keep_their_digests() -> None:
    assert manifest_of(requires={}).digest() == manifest_of().digest()
    assert "requires" not in manifest_of().model_dump(mode="json")
    assert manifest_of(requires={"queue": "batch"}).digest() != manifest_of().digest()


def test_a_plugin_without_walls_is_for_an_admin_to_register() -> None:
    assert manifest_of(requires={"runtime": "process"}).needs_admin
    assert not manifest_of(requires={"runtime": "container"}).needs_admin


def test_a_class_has_the_same_name_wherever_its_workers_are() -> None:
    one = heartbeat_of(name="one", labels={"zone": "a", "disk": "ssd"}, cards=[A100, T4]).worker_class
    other = heartbeat_of(name="other", labels={"disk": "ssd", "zone": "a"}, cards=[T4, A100]).worker_class
    assert one.digest() == other.digest()
    assert WorkerClass().digest() != one.digest()
