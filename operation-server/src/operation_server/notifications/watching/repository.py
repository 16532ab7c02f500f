"""All SQL of watching: what is known already, so that it is told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow

SEE: Final = text("""
    INSERT INTO notification_watch AS w (name, position)
    SELECT 'worker:' || s.name, s.position
    FROM json_to_recordset(CAST(:seen AS json)) AS s(name text, position bigint)
    ON CONFLICT (name) DO UPDATE SET seen_at = now(), is_lost = false, position = excluded.position
""")
# Those who left in order are forgotten.
FORGET: Final = text("""
    DELETE FROM notification_watch WHERE name = ANY(CAST(:names AS text[]))
       OR (name LIKE 'worker:%' AND is_lost AND seen_at < now() - interval '1 day')
""")
MISSING: Final = text("""
    SELECT substr(name, length('worker:') + 1) AS name, position, seen_at FROM notification_watch
    WHERE name LIKE 'worker:%' AND NOT is_lost AND seen_at < now() - :after_s * interval '1 second'
    ORDER BY name
""")
LOSE: Final = text("""
    UPDATE notification_watch SET is_lost = true WHERE name = 'worker:' || CAST(:name AS text) AND NOT is_lost
""")
REJECTED: Final = text("""
    WITH before AS (
        SELECT coalesce(max(position), 0) AS position FROM notification_watch WHERE name = 'rejected'
    ), fresh AS (
        SELECT count(*) AS reports, max(r.id) AS newest, (array_agg(r.reason ORDER BY r.id DESC))[1] AS reason
        FROM rejected_reports AS r, before WHERE r.id > before.position
    ), moved AS (
        INSERT INTO notification_watch (name, position) SELECT 'rejected', newest FROM fresh WHERE reports > 0
        ON CONFLICT (name) DO UPDATE SET position = excluded.position, seen_at = now()
    )
    SELECT reports, reason FROM fresh
""")


async def see(connection: AsyncConnection, started: Mapping[str, datetime]) -> None:
    """Note which workers live, and when each has started."""
    seen = [{"name": name, "position": position_of(at)} for name, at in started.items()]
    await connection.execute(SEE, {"seen": orjson.dumps(seen).decode()})


async def list_missing(connection: AsyncConnection, *, after_s: float) -> Sequence[AnyRow]:
    """Return workers that were not seen for so long, and that nobody was told of."""
    return (await connection.execute(MISSING, {"after_s": after_s})).all()


async def forget(connection: AsyncConnection, names: Sequence[str]) -> None:
    """Forget workers that have left in order, and those lost long ago."""
    await connection.execute(FORGET, {"names": [f"worker:{name}" for name in names]})


async def lose(connection: AsyncConnection, name: str) -> bool:
    """Note that a worker is lost; False if that is known."""
    return bool((await connection.execute(LOSE, {"name": name})).rowcount)


async def count_rejected(connection: AsyncConnection) -> AnyRow:
    """Return how many reports were rejected since this was last asked, and the reason of the newest."""
    return (await connection.execute(REJECTED)).one()


def position_of(moment: datetime) -> int:
    """Return a moment as a number, by which two starts of a worker are told apart."""
    return int(moment.timestamp() * 1_000_000)
