"""Who is told what."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID

import pytest

from operation_server.live.fan_out import FanOut
from operation_server.live.frame import Frame
from operation_server.live.subscription import Subscription
from satellite.contracts.event import EventType
from satellite.contracts.identity import JobKey
from tests.unit.operation_server.live.test_subscription import CALLER

JOB = JobKey(1, UUID(int=1))
ADMIN, OWNER, FRIEND = (replace(CALLER, id=id_) for id_ in (10, 20, 30))


def frame(type_: EventType, *, owner_id: int) -> Frame:
    return Frame.build(job=JOB, owner_id=owner_id, type_=type_, data="{}", at="2026-01-02T03:04:05Z")


@pytest.mark.parametrize(
    ("type_", "owner_id", "hear_it"),
    [
        (EventType.STATUS, OWNER.id, {"admin", "owner", "friend"}),
        (EventType.NOTIFICATION, OWNER.id, {"owner"}),
        # A rule of an admin about the jobs of everybody.
        (EventType.NOTIFICATION, ADMIN.id, {"admin"}),
    ],
)
def test_a_notification_is_for_one_account_alone(type_: EventType, owner_id: int, hear_it: set[str]) -> None:
    fan_out = FanOut()
    clients = {
        "admin": Subscription(caller=ADMIN),
        "owner": Subscription(caller=OWNER, owner_id=OWNER.id),
        "friend": Subscription(caller=FRIEND, job=JOB),
    }
    with ExitStack() as stack:
        for subscription in clients.values():
            stack.enter_context(fan_out.subscribed(subscription))
        fan_out.deliver([frame(type_, owner_id=owner_id)], seen=lambda _: None)

    assert {name for name, client in clients.items() if client._waiting} == hear_it
