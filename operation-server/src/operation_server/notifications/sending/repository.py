"""All SQL of sending: claims, what came of them, and what is given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

ANSWERS_KEPT: Final = 5

# From lane to lane by the index, so that however much waits for one receiver costs the others nothing.
CLAIM: Final = text("""
    WITH RECURSIVE lanes AS (
        (SELECT lane FROM notification_deliveries WHERE status = 'pending' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (
            SELECT d.lane FROM notification_deliveries AS d
            WHERE d.status = 'pending' AND d.lane > lanes.lane ORDER BY d.lane LIMIT 1
        ) FROM lanes WHERE lanes.lane IS NOT NULL
    ), due AS MATERIALIZED (
        SELECT d.id, d.lane, d.due_at
        FROM lanes
        LEFT JOIN json_to_recordset(CAST(:taken AS json)) AS t(lane text, count bigint) ON t.lane = lanes.lane
        CROSS JOIN LATERAL (
            SELECT id, lane, due_at FROM notification_deliveries
            WHERE lane = lanes.lane AND status = 'pending' AND due_at <= now()
            ORDER BY due_at LIMIT greatest(0, CAST(:lane_at_once AS bigint) - coalesce(t.count, 0))
            FOR UPDATE SKIP LOCKED
        ) AS d
        WHERE lanes.lane IS NOT NULL
    ), chosen AS (
        SELECT id FROM (
            SELECT id, due_at, row_number() OVER (PARTITION BY lane ORDER BY due_at) AS place FROM due
        ) AS ranked ORDER BY place, due_at LIMIT :limit
    )
    UPDATE notification_deliveries AS n
    SET claim = n.claim + 1, attempts = n.attempts + 1, due_at = now() + :lease_s * interval '1 second'
    FROM chosen WHERE n.id = chosen.id
    RETURNING n.id, n.claim, n.attempts, n.message_id, n.owner_id, n.channel_id, n.subject, n.subject_id,
              n.lane, n.body,
              coalesce((SELECT c.kind FROM notification_channels AS c WHERE c.id = n.channel_id), 'webhook')
              AS channel_kind,
              extract(epoch FROM now() - n.created_at) AS age_s
""")
SETTLE: Final = text("""
    UPDATE notification_deliveries SET
        status = CASE WHEN :is_retried AND now() + :delay_s * interval '1 second' < give_up_at
                      THEN 'pending' WHEN :is_delivered THEN 'delivered' ELSE 'failed' END,
        due_at = now() + :delay_s * interval '1 second',
        ended_at = CASE WHEN :is_retried AND now() + :delay_s * interval '1 second' < give_up_at
                        THEN NULL ELSE now() END,
        answers = (
            SELECT coalesce(jsonb_agg(kept.answer ORDER BY kept.place), '[]')
            FROM jsonb_array_elements(answers || CAST(:answer AS jsonb))
                 WITH ORDINALITY AS kept(answer, place)
            WHERE kept.place > jsonb_array_length(answers) + 1 - :answers_kept
        )
    WHERE id = :id AND claim = :claim AND status = 'pending'
    RETURNING status
""")
GIVE_BACK: Final = text("""
    UPDATE notification_deliveries SET due_at = now(), attempts = attempts - 1
    WHERE id = :id AND claim = :claim AND status = 'pending'
""")
DISABLE: Final = text("""
    UPDATE notification_channels SET is_enabled = false, fault = :fault, changed_at = now()
    WHERE id = :channel_id
""")
DROP_WEBHOOK: Final = text("DELETE FROM job_webhooks WHERE job_id = :job_id")
FAIL_LANE: Final = text("""
    UPDATE notification_deliveries SET status = 'failed', ended_at = now()
    WHERE lane = :lane AND status = 'pending'
      AND (CAST(:channel_id AS bigint) IS NOT NULL OR subject_id = :subject_id)
""")
GIVE_UP: Final = text("""
    UPDATE notification_deliveries SET status = 'failed', ended_at = now() WHERE id IN (
        SELECT id FROM notification_deliveries
        WHERE status = 'pending' AND give_up_at < now() AND due_at <= now() LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING channel_id
""")
FORGET: Final = text("""
    DELETE FROM notification_deliveries WHERE id IN (
        SELECT id FROM notification_deliveries
        WHERE ended_at < now() - :kept_days * interval '1 day' ORDER BY ended_at LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
""")
FORGET_SIGNING: Final = text("DELETE FROM notification_secrets WHERE expires_at < now()")
UID: Final = text("""
    SELECT uid FROM jobs WHERE id = :id AND CAST(:subject AS text) = 'job'
    UNION ALL SELECT uid FROM workflow_runs WHERE id = :id AND CAST(:subject AS text) = 'run'
""")
OLDEST_DUE: Final = text("""
    SELECT extract(epoch FROM now() - min(due_at)) FROM notification_deliveries
    WHERE status = 'pending' AND due_at <= now()
""")


async def claim(
    connection: AsyncConnection, *, taken: Mapping[str, int], lane_at_once: int, limit: int, lease_s: float
) -> list[AnyRow]:
    """Claim messages that are due, of each lane as many as it has room for; `taken` is what it has not."""
    lanes = [{"lane": lane, "count": count} for lane, count in taken.items()]
    parameters = {
        "taken": orjson.dumps(lanes).decode(),
        "lane_at_once": lane_at_once,
        "limit": limit,
        "lease_s": lease_s,
    }
    return list((await connection.execute(CLAIM, parameters)).all())


async def settle(
    connection: AsyncConnection,
    delivery_id: int,
    claim_number: int,
    *,
    is_delivered: bool,
    is_retried: bool,
    delay_s: float,
    answer: dict[str, object],
) -> str | None:
    """Store what came of a claimed message, and return its status; None if another claims it meanwhile."""
    parameters = {
        "id": delivery_id,
        "claim": claim_number,
        "is_delivered": is_delivered,
        "is_retried": is_retried,
        "delay_s": delay_s,
        "answer": orjson.dumps([answer]).decode(),
        "answers_kept": ANSWERS_KEPT,
    }
    status: str | None = (await connection.execute(SETTLE, parameters)).scalar()
    return status


async def give_back(connection: AsyncConnection, delivery_id: int, claim_number: int) -> None:
    """Let a claimed message be claimed again, which nobody was sent."""
    await connection.execute(GIVE_BACK, {"id": delivery_id, "claim": claim_number})


async def end_lane(
    connection: AsyncConnection, *, lane: str, channel_id: int | None, subject_id: int, fault: str
) -> None:
    """Send nothing more to a receiver that is gone."""
    if channel_id is None:
        await connection.execute(DROP_WEBHOOK, {"job_id": subject_id})
    else:
        await connection.execute(DISABLE, {"channel_id": channel_id, "fault": fault})
    await connection.execute(FAIL_LANE, {"lane": lane, "channel_id": channel_id, "subject_id": subject_id})


async def give_up(connection: AsyncConnection, *, limit: int) -> int:
    """Give up what has not been taken in time; return how many messages that were."""
    return len((await connection.execute(GIVE_UP, {"limit": limit})).all())


async def forget_old(connection: AsyncConnection, *, kept_days: float, limit: int) -> int:
    """Drop deliveries that ended long ago, and signing secrets whose time is over."""
    await connection.execute(FORGET_SIGNING)
    return (await connection.execute(FORGET, {"kept_days": kept_days, "limit": limit})).rowcount


async def find_uid(connection: AsyncConnection, subject: str, subject_id: int) -> UUID | None:
    """Return the uid of the job or run that something is about."""
    found: UUID | None = (await connection.execute(UID, {"id": subject_id, "subject": subject})).scalar()
    return found


async def oldest_due_s(connection: AsyncConnection) -> float:
    """Return for how long the message that waits longest could have been sent."""
    return float((await connection.execute(OLDEST_DUE)).scalar() or 0)
