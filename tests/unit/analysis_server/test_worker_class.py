"""What a worker says of itself, from its environment to the queues that it consumes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from analysis_server.celery_app import consume, make_app
from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.lifecycle.worker_class import consumed_queues, describe_class
from analysis_server.settings import WorkerSettings


def settings_of(monkeypatch: pytest.MonkeyPatch, **variables: str) -> WorkerSettings:
    for name, value in variables.items():
        monkeypatch.setenv(f"SATELLITE_WORKER_{name}", value)
    return WorkerSettings()


def test_queues_and_labels_are_lists_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, QUEUES="default, batch", LABELS="zone=a, disk=ssd")
    assert settings.queues == ["default", "batch"]
    assert settings.labels == {"zone": "a", "disk": "ssd"}


@pytest.mark.parametrize(
    "variables", [{"QUEUES": ""}, {"QUEUES": "Batch"}, {"LABELS": "zone"}, {"LABELS": "zone=a b"}]
)
def test_what_no_job_could_ask_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    with pytest.raises(ValidationError):
        settings_of(monkeypatch, **variables)


def test_a_worker_consumes_what_it_serves_and_what_its_class_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, QUEUES="default,batch", FAKE_GPUS="2x24000:NVIDIA A100", NAME="w1")
    described = describe_class(settings, runtimes=["container"], cards=detect_cards(settings.fake_gpus))
    assert [(card.name, card.memory_mib) for card in described.cards] == [("NVIDIA A100", 24_000)] * 2
    assert consumed_queues("w1", described) == [
        "satellite.execute",
        "satellite.execute.gpu",
        "satellite.execute.queue.batch",
        "satellite.execute.queue.batch.gpu",
        "satellite.canary.w1",
        f"satellite.execute.class.{described.digest()}",
    ]


def test_a_worker_without_cards_takes_no_jobs_that_need_some(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = consumed_queues("w1", describe_class(settings_of(monkeypatch), runtimes=[], cards=[]))
    assert not [queue for queue in queues if queue.endswith(".gpu")]


def test_celery_consumes_those_queues_and_no_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, QUEUES="batch", NAME="w1")
    queues = consumed_queues("w1", describe_class(settings, runtimes=["process"], cards=[]))
    app = make_app()
    consume(app, queues)
    assert sorted(app.amqp.queues.consume_from) == sorted(queues)
    assert all(queue.no_ack for queue in app.amqp.queues.consume_from.values())
