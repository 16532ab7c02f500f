"""All SQL about webhooks of jobs, and about the secrets by which they and channels are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import JobWebhook, NotificationSecret
from operation_server.secrets.envelope import Envelope, Identity

SIGNING: Final = "signing"
ADDRESS: Final = "address"

HAS_SIGNING: Final = text("""
    SELECT EXISTS (
        SELECT 1 FROM notification_secrets
        WHERE owner_id = :owner_id AND name = 'signing' AND channel_id IS NULL AND expires_at IS NULL
    )
""")
# The present one first: it has no end.
SIGNING_OF: Final = text("""
    SELECT id, owner_id, name, version, key_id, wrapped_key, ciphertext FROM notification_secrets
    WHERE owner_id = :owner_id AND name = 'signing'
      AND channel_id IS NOT DISTINCT FROM CAST(:channel_id AS bigint)
      AND (expires_at IS NULL OR expires_at > now())
    ORDER BY expires_at DESC NULLS FIRST
""")
RETIRE_SIGNING: Final = text("""
    UPDATE notification_secrets SET expires_at = now() + :overlap_s * interval '1 second'
    WHERE owner_id = :owner_id AND name = 'signing'
      AND channel_id IS NOT DISTINCT FROM CAST(:channel_id AS bigint)
      AND expires_at IS NULL
""")
ADDRESS_OF_CHANNEL: Final = text("""
    SELECT id, owner_id, name, version, key_id, wrapped_key, ciphertext FROM notification_secrets
    WHERE channel_id = :channel_id AND name = 'address'
""")
ADDRESS_OF_JOB: Final = text("""
    SELECT s.id, s.owner_id, s.name, s.version, s.key_id, s.wrapped_key, s.ciphertext
    FROM job_webhooks AS w JOIN notification_secrets AS s ON s.id = w.secret_id WHERE w.job_id = :job_id
""")
# Who restarts what others began is signed for by another secret than the receiver knows.
HAND_ON: Final = text("""
    INSERT INTO job_webhooks (job_id, owner_id, secret_id, hint, kinds)
    SELECT :job_id, owner_id, secret_id, hint, kinds FROM job_webhooks
    WHERE job_id = :before AND owner_id = :owner_id
""")
REMOVE_ADDRESS: Final = text("""
    DELETE FROM notification_secrets WHERE channel_id = :channel_id AND name = 'address'
""")


class StoredValue(NamedTuple):
    """A secret of a channel or webhook as it is stored."""

    identity: Identity
    envelope: Envelope


async def has_signing_secret(connection: AsyncConnection, owner_id: int) -> bool:
    """Tell whether an account has what signs the webhooks of its jobs."""
    found: bool = (await connection.execute(HAS_SIGNING, {"owner_id": owner_id})).scalar_one()
    return found


async def add_secret(
    connection: AsyncConnection, identity: Identity, envelope: Envelope, *, channel_id: int | None
) -> None:
    """Store a secret of a channel, or of an account's jobs."""
    values = {**identity._asdict(), **envelope._asdict(), "channel_id": channel_id}
    await connection.execute(insert(NotificationSecret).values(**values))


async def retire_signing(
    connection: AsyncConnection, owner_id: int, channel_id: int | None, *, overlap_s: float
) -> None:
    """Let what signs now do so for a while only."""
    of = {"owner_id": owner_id, "channel_id": channel_id, "overlap_s": overlap_s}
    await connection.execute(RETIRE_SIGNING, of)


async def remove_address(connection: AsyncConnection, channel_id: int) -> None:
    """Forget where a channel leads to."""
    await connection.execute(REMOVE_ADDRESS, {"channel_id": channel_id})


async def add_job_webhooks(connection: AsyncConnection, rows: Sequence[dict[str, object]]) -> None:
    """Store the webhooks of jobs."""
    await connection.execute(insert(JobWebhook), list(rows))


async def hand_on_webhook(connection: AsyncConnection, *, before: int, job_id: int, owner_id: int) -> None:
    """Let the webhook of an owner's job or run be told of the end of another one too, if there is one."""
    await connection.execute(HAND_ON, {"before": before, "job_id": job_id, "owner_id": owner_id})


async def list_signing(
    connection: AsyncConnection, owner_id: int, channel_id: int | None
) -> list[StoredValue]:
    """Return what signs for a channel, or for the jobs of an account: the present one first."""
    of = {"owner_id": owner_id, "channel_id": channel_id}
    return [_stored(row) for row in await connection.execute(SIGNING_OF, of)]


async def find_address(
    connection: AsyncConnection, *, channel_id: int | None, job_id: int
) -> StoredValue | None:
    """Return where a channel, or without one the webhook of a job, leads to."""
    if channel_id is None:
        row = (await connection.execute(ADDRESS_OF_JOB, {"job_id": job_id})).one_or_none()
    else:
        row = (await connection.execute(ADDRESS_OF_CHANNEL, {"channel_id": channel_id})).one_or_none()
    return None if row is None else _stored(row)


def _stored(row: AnyRow) -> StoredValue:
    return StoredValue(
        Identity(row.id, row.owner_id, row.name, row.version),
        Envelope(row.key_id, row.wrapped_key, row.ciphertext),
    )
