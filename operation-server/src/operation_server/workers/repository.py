"""All SQL about workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.models import DrainedWorker

TELLING_LOCK: Final = 5_172_101


async def list_drained(connection: AsyncConnection) -> Sequence[str]:
    """Return the names of the drained workers."""
    return (await connection.scalars(select(DrainedWorker.name).order_by(DrainedWorker.name))).all()


async def drain(connection: AsyncConnection, name: str) -> bool:
    """Keep that a worker is drained; False when it was already."""
    row = insert(DrainedWorker).values(name=name).on_conflict_do_nothing().returning(DrainedWorker.name)
    return await connection.scalar(row) is not None


async def resume(connection: AsyncConnection, name: str) -> bool:
    """Forget that a worker is drained; False when it was not."""
    row = delete(DrainedWorker).where(DrainedWorker.name == name).returning(DrainedWorker.name)
    return await connection.scalar(row) is not None


async def lock_telling(connection: AsyncConnection) -> None:
    """Let nobody else tell workers who is drained until the transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(TELLING_LOCK)))
