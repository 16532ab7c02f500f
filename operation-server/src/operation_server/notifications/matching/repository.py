"""All SQL of matching: what rules and webhooks want to be told of, and what is to be sent then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

_TOLD: Final = """
    json_to_recordset(CAST(:told AS json)) AS e(
        event_id bigint, subject text, job_id bigint, owner_id bigint, kinds text[], task text, at timestamptz
    )
"""
_COLUMNS: Final = """
    e.event_id, j.plugin_name, j.plugin_version, j.run_id, w.workflow_id, f.name AS workflow,
    coalesce(j.created_at, w.created_at) AS created_at
"""
_ABOUT: Final = """
    LEFT JOIN jobs AS j ON e.subject = 'job' AND j.id = e.job_id
    LEFT JOIN workflow_runs AS w ON e.subject = 'run' AND w.id = e.job_id
    LEFT JOIN workflows AS f ON f.id = w.workflow_id
"""
# A task that waits for time is told of like one that waits for people.
_IS_APPROVAL: Final = """
    (e.task IS NULL OR EXISTS (
        SELECT 1 FROM workflow_versions AS v
        CROSS JOIN LATERAL json_array_elements(v.definition -> 'tasks') AS t(task)
        WHERE v.id = w.version_id AND t.task ->> 'name' = e.task AND t.task ->> 'kind' = 'approval'
    ))
"""
# Steps of runs, and runs of runs, are told of by their run; approvals are waited for anywhere.
MATCH_RULES: Final = text(f"""
    SELECT DISTINCT ON (e.event_id, c.id) {_COLUMNS}, c.id AS channel_id, c.owner_id, r.kinds, r.of_everybody,
           u.role, NULL AS hint
    FROM {_TOLD}
    CROSS JOIN LATERAL (
        SELECT * FROM notification_rules WHERE owner_id = e.owner_id
        UNION ALL
        SELECT * FROM notification_rules WHERE of_everybody AND owner_id <> e.owner_id
    ) AS r
    JOIN users AS u ON u.id = r.owner_id AND u.is_active
    JOIN notification_rule_channels AS rc ON rc.rule_id = r.id
    JOIN notification_channels AS c ON c.id = rc.channel_id AND c.is_enabled
    {_ABOUT}
    WHERE r.is_enabled AND r.created_at <= e.at AND CAST(r.kinds AS text[]) && e.kinds
      AND j.run_id IS NULL AND (w.parent_run_id IS NULL OR e.task IS NOT NULL)
      AND (r.plugin_name IS NULL OR r.plugin_name = j.plugin_name)
      AND (r.workflow_id IS NULL OR r.workflow_id = w.workflow_id)
      AND (r.min_priority IS NULL OR r.min_priority <= coalesce(j.priority, w.priority))
      AND {_IS_APPROVAL}
    ORDER BY e.event_id, c.id
""")  # noqa: S608 - only constants of this module go in.
MATCH_WEBHOOKS: Final = text(f"""
    SELECT {_COLUMNS}, NULL AS channel_id, h.owner_id, h.kinds, false AS of_everybody, u.role, h.hint
    FROM {_TOLD} JOIN job_webhooks AS h ON h.job_id = e.job_id AND CAST(h.kinds AS text[]) && e.kinds
    JOIN users AS u ON u.id = h.owner_id AND u.is_active
    {_ABOUT}
    WHERE {_IS_APPROVAL} ORDER BY e.event_id
""")  # noqa: S608 - only constants of this module go in.
MATCH_SIGNAL: Final = text("""
    SELECT DISTINCT c.id AS channel_id, c.owner_id, u.role
    FROM notification_rules AS r
    JOIN users AS u ON u.id = r.owner_id AND u.is_active
    JOIN notification_rule_channels AS rc ON rc.rule_id = r.id
    JOIN notification_channels AS c ON c.id = rc.channel_id AND c.is_enabled
    WHERE r.is_enabled AND CAST(:kind AS text) = ANY(CAST(r.kinds AS text[])) AND r.created_at <= :at
    ORDER BY c.id
""")
ADD: Final = text("""
    INSERT INTO notification_deliveries
        (message_id, owner_id, kind, channel_id, subject, subject_id, lane, body, give_up_at)
    SELECT n.message_id, n.owner_id, n.kind, n.channel_id, n.subject, n.subject_id, n.lane, n.body,
           now() + :give_up_after_s * interval '1 second'
    FROM json_to_recordset(CAST(:deliveries AS json)) AS n(
        message_id text, owner_id bigint, kind text, channel_id bigint, subject text, subject_id bigint,
        lane text, body text
    )
    RETURNING id
""")


async def match(connection: AsyncConnection, told: Sequence[dict[str, Any]]) -> list[AnyRow]:
    """Return who wants to be told of some events, by which channel, or by the webhook of the job."""
    parameters = {"told": orjson.dumps(told).decode()}
    rules = (await connection.execute(MATCH_RULES, parameters)).all()
    webhooks = (await connection.execute(MATCH_WEBHOOKS, parameters)).all()
    return [*rules, *webhooks]


async def match_signal(connection: AsyncConnection, signal: AnyRow) -> Sequence[AnyRow]:
    """Return by which channels accounts want to be told of signals of a kind."""
    return (await connection.execute(MATCH_SIGNAL, {"kind": signal.kind, "at": signal.at})).all()


async def add_deliveries(
    connection: AsyncConnection, deliveries: Sequence[dict[str, Any]], *, give_up_after_s: float
) -> list[int]:
    """Store what is to be sent, and return its numbers."""
    parameters = {"deliveries": orjson.dumps(list(deliveries)).decode(), "give_up_after_s": give_up_after_s}
    return list((await connection.execute(ADD, parameters)).scalars())
