"""All SQL about secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Secret, User
from operation_server.secrets.envelope import Envelope, Identity

OF_CLUSTERS: Final = "cluster/"
"""How the names of the keys of clusters begin, which no plugin can ask for and nobody is shown."""
SHOWN: Final = """
    s.id, s.owner_id, s.name, s.version, s.created_at, s.changed_at,
    ARRAY(SELECT plugin_name FROM secret_grants WHERE secret_id = s.id ORDER BY plugin_name) AS plugins
"""
"""What anybody ever sees of a secret."""
FIND: Final = text(f"SELECT {SHOWN} FROM secrets AS s WHERE s.id = :id")  # noqa: S608  # Only a constant.
PAGE: Final = text(f"""
    SELECT {SHOWN} FROM secrets AS s
    WHERE (CAST(:owner_id AS bigint) IS NULL OR s.owner_id = :owner_id OR s.owner_id IS NULL)
      AND NOT starts_with(s.name, '{OF_CLUSTERS}')
    ORDER BY s.name, s.owner_id NULLS FIRST OFFSET :skip LIMIT :limit
""")  # noqa: S608  # Only a constant.
COUNT: Final = text(f"""
    SELECT count(*) FROM secrets
    WHERE (CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id OR owner_id IS NULL)
      AND NOT starts_with(name, '{OF_CLUSTERS}')
""")  # noqa: S608  # Only a constant.
GRANT: Final = text("""
    INSERT INTO secret_grants (secret_id, plugin_name)
    SELECT :secret_id, plugin_name FROM plugin_owners WHERE plugin_name = :plugin_name
    ON CONFLICT (secret_id, plugin_name) DO UPDATE SET granted_at = secret_grants.granted_at
""")
REVOKE: Final = text("DELETE FROM secret_grants WHERE secret_id = :secret_id AND plugin_name = :plugin_name")
GIVEN: Final = text("""
    SELECT DISTINCT ON (s.name) s.id, s.owner_id, s.name, s.version, s.key_id, s.wrapped_key, s.ciphertext
    FROM secrets AS s JOIN secret_grants AS g ON g.secret_id = s.id AND g.plugin_name = :plugin_name
    WHERE s.name = ANY(CAST(:names AS text[]))
      AND (s.owner_id = CAST(:owner_id AS bigint) OR s.owner_id IS NULL)
    ORDER BY s.name, s.owner_id NULLS LAST
""")
"""One's own come before those of all."""
ENVELOPES: Final = ("secrets", "notification_secrets")
"""The tables of envelopes: all columns of an identity and an envelope, and ids that no other has."""
KEYS: Final = text("""
    SELECT key_id, count(*) AS secrets FROM (
        SELECT key_id FROM secrets UNION ALL SELECT key_id FROM notification_secrets
    ) AS every GROUP BY key_id ORDER BY key_id
""")
FOREIGN: Final = {
    table: text(f"""
        SELECT id, owner_id, name, version, key_id, wrapped_key, ciphertext FROM {table}
        WHERE key_id <> :present AND id > :after ORDER BY id LIMIT :limit FOR UPDATE
    """)  # noqa: S608  # Only a constant.
    for table in ENVELOPES
}
REWRAP: Final = {
    table: text(f"""
        UPDATE {table} SET key_id = :key_id, wrapped_key = :wrapped_key, ciphertext = :ciphertext
        WHERE id = :id
    """)  # noqa: S608  # Only a constant.
    for table in ENVELOPES
}


class StoredSecret(NamedTuple):
    """A secret as it is stored."""

    identity: Identity
    envelope: Envelope


async def lock_account(connection: AsyncConnection, owner_id: int) -> int:
    """Return how many secrets an account has, and keep it so until the transaction ends."""
    # Not for update, which new jobs of the account would wait for.
    await connection.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    owned = select(func.count()).select_from(Secret).where(Secret.owner_id == owner_id)
    return await connection.scalar(owned) or 0


async def add(connection: AsyncConnection, identity: Identity, envelope: Envelope) -> None:
    """Add a secret.

    Raises:
        IntegrityError: there is one of its name.
    """
    await connection.execute(insert(Secret).values(**identity._asdict(), **envelope._asdict()))


async def find(connection: AsyncConnection, secret_id: str) -> AnyRow | None:
    """Return what may be seen of a secret, or None."""
    return (await connection.execute(FIND, {"id": secret_id})).one_or_none()


async def lock_identity(connection: AsyncConnection, secret_id: str) -> Identity | None:
    """Return what a secret's value is bound to, which nobody else changes meanwhile; None without it."""
    columns = (Secret.id, Secret.owner_id, Secret.name, Secret.version)
    row = (
        await connection.execute(select(*columns).where(Secret.id == secret_id).with_for_update())
    ).one_or_none()
    return None if row is None else Identity(*row)


async def replace(connection: AsyncConnection, identity: Identity, envelope: Envelope) -> None:
    """Put another version in place of a secret's value."""
    await connection.execute(
        update(Secret)
        .where(Secret.id == identity.id)
        .values(version=identity.version, changed_at=func.now(), **envelope._asdict())
    )


async def list_page(
    connection: AsyncConnection, *, owner_id: int | None, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return how many secrets an account may use, or there are, and a page of them by name."""
    total = await connection.scalar(COUNT, {"owner_id": owner_id}) or 0
    page = await connection.execute(PAGE, {"owner_id": owner_id, "skip": skip, "limit": limit})
    return total, page.all()


async def remove(connection: AsyncConnection, secret_id: str) -> None:
    """Remove a secret with its grants."""
    await connection.execute(delete(Secret).where(Secret.id == secret_id))


async def grant(connection: AsyncConnection, secret_id: str, plugin_name: str) -> bool:
    """Let jobs of a plugin have a secret; False when there is no such plugin. Safe to repeat."""
    done = await connection.execute(GRANT, {"secret_id": secret_id, "plugin_name": plugin_name})
    return bool(done.rowcount)


async def revoke(connection: AsyncConnection, secret_id: str, plugin_name: str) -> bool:
    """Let jobs of a plugin have a secret no more; tell whether they had it."""
    done = await connection.execute(REVOKE, {"secret_id": secret_id, "plugin_name": plugin_name})
    return bool(done.rowcount)


async def find_given(
    connection: AsyncConnection, *, owner_id: int | None, plugin_name: str, names: Sequence[str]
) -> list[StoredSecret]:
    """Return those of some secrets that a job of a plugin is given: of its owner, else those of all.

    Without an owner only those of all are.
    """
    wanted = {"owner_id": owner_id, "plugin_name": plugin_name, "names": list(names)}
    return [_stored(row) for row in await connection.execute(GIVEN, wanted)]


async def find_stored(connection: AsyncConnection, secret_ids: Sequence[str]) -> list[StoredSecret]:
    """Return secrets as they are stored, whoever may have them: for the platform itself."""
    columns = (Secret.id, Secret.owner_id, Secret.name, Secret.version)
    sealed = (Secret.key_id, Secret.wrapped_key, Secret.ciphertext)
    rows = await connection.execute(select(*columns, *sealed).where(Secret.id.in_(secret_ids)))
    return [_stored(row) for row in rows]


def count_by_key(connection: Connection) -> dict[str, int]:
    """Return how many secrets each key-encryption key has wrapped."""
    return {row.key_id: row.secrets for row in connection.execute(KEYS)}


def lock_wrapped_by_others(
    connection: Connection, table: str, present: str, *, after: str, limit: int
) -> list[StoredSecret]:
    """Return secrets that another than the present key has wrapped, which nobody else changes meanwhile."""
    page = {"present": present, "after": after, "limit": limit}
    return [_stored(row) for row in connection.execute(FOREIGN[table], page)]


def put_envelope(connection: Connection, table: str, secret_id: str, envelope: Envelope) -> None:
    """Exchange what is stored of a value for the same value wrapped otherwise."""
    connection.execute(REWRAP[table], {**envelope._asdict(), "id": secret_id})


def _stored(row: AnyRow) -> StoredSecret:
    return StoredSecret(
        Identity(row.id, row.owner_id, row.name, row.version),
        Envelope(row.key_id, row.wrapped_key, row.ciphertext),
    )
