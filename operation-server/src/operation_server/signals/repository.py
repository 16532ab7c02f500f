"""All SQL of signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from satellite.contracts.notification import NotificationKind

RAISE: Final = text("""
    INSERT INTO notification_signals (kind, about, owner_ids, data)
    SELECT n.kind, n.about, CAST(:owner_ids AS bigint[]), CAST(:data AS jsonb)
    FROM (SELECT CAST(:kind AS varchar) AS kind, CAST(:about AS varchar) AS about) AS n
    WHERE NOT EXISTS (
        SELECT 1 FROM notification_signals AS s
        WHERE s.kind = n.kind AND s.about = n.about AND s.at > now() - :quiet_s * interval '1 second'
    )
""")
TAKE: Final = text("""
    UPDATE notification_signals SET told_at = now() WHERE id IN (
        SELECT id FROM notification_signals WHERE told_at IS NULL ORDER BY id LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, kind, about, owner_ids, data, at
""")
FORGET: Final = text("""
    DELETE FROM notification_signals WHERE told_at < now() - interval '1 day'
""")


def raise_signal(
    connection: Connection,
    kind: NotificationKind,
    about: str,
    *,
    owner_ids: Sequence[int] = (),
    quiet_s: float = 0,
    **data: Any,
) -> None:
    """Let those be told who want to know, in the transaction in which it happens.

    `about` names the worker, cluster or account. Admins are told, and those of `owner_ids` whom it concerns.
    What was raised within the last `quiet_s` about the same is not raised again. `data` is JSON and holds no
    secret.
    """
    connection.execute(
        RAISE,
        {
            "kind": kind,
            "about": about[:200],
            "owner_ids": list(owner_ids),
            "quiet_s": quiet_s,
            "data": orjson.dumps(data).decode(),
        },
    )


async def take(connection: AsyncConnection, *, limit: int) -> list[AnyRow]:
    """Return signals that nobody was told of, in their order; nobody else gets them if this is committed."""
    rows = (await connection.execute(TAKE, {"limit": limit})).all()
    return sorted(rows, key=lambda row: int(row.id))


async def forget_old(connection: AsyncConnection) -> None:
    """Drop what was told a day ago."""
    await connection.execute(FORGET)
