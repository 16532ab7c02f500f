"""A recovery where messages are in a RabbitMQ: what was reported counts, what was to run is removed."""

from __future__ import annotations

import pytest

from operation_server.dispatch.broker import connected
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.parts import open_parts
from operation_server.dispatch.publisher import JobPublisher
from operation_server.recovery import finish as finishing
from operation_server.settings import DispatchSettings
from satellite.contracts.task_names import EXECUTE_QUEUE
from satellite.local.postgres import EmbeddedPostgres
from satellite.messaging.amqp_link import AmqpLink
from satellite.settings.broker import BrokerSettings
from tests.fixtures.rabbitmq import RabbitMq
from tests.integration.recovery.copies import copy
from tests.integration.recovery.test_finish import Platform, platform, report_of
from tests.integration.transitions.seed import dispatch, job_row

__all__ = ["platform"]


async def test_reports_are_applied_and_attempts_removed(
    platform: Platform,
    rabbitmq: RabbitMq,
    postgres_server: EmbeddedPostgres,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, url in (
        ("SATELLITE_DATABASE_URL", database_url),
        ("SATELLITE_REDIS_URL", platform.redis_url),
        ("CELERY_BROKER_URL", rabbitmq.url),
    ):
        monkeypatch.setenv(variable, url)
    app = make_app(BrokerSettings())
    publisher, link = JobPublisher(app), AmqpLink(connected(app))
    reported, other = await platform.submit(platform.echo, platform.echo)
    publisher.publish(await dispatch(platform.engine))
    backup = copy(postgres_server, database_url)
    message = report_of(reported, "done since")
    with link.sending(1) as send:
        send(message.body, routing_key=message.queue, headers=message.headers, correlation_id=message.id)
    backup.restore()

    async with open_parts("tests") as parts, platform.engine.connect() as owner:
        finished = await finishing.finish_recovery(owner, parts, DispatchSettings())

    assert finished.reports == 1
    assert (await job_row(platform.engine, reported.job_id)).result == "done since"
    assert await platform.status(other) == ("queued", 1001)
    assert link.length(EXECUTE_QUEUE) == 0
    link.close()
    publisher.close()
