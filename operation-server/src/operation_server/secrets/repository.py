"""All SQL about secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Secret, User
from operation_server.secrets.envelope import Envelope, Identity

SHOWN: Final = """
    s.id, s.owner_id, s.name, s.version, s.created_at, s.changed_at,
    ARRAY(SELECT plugin_name FROM secret_grants WHERE secret_id = s.id ORDER BY plugin_name) AS plugins
"""
"""What anybody ever sees of a secret."""
FIND: Final = text(f"SELECT {SHOWN} FROM secrets AS s WHERE s.id = :id")  # noqa: S608  # Only a constant.
PAGE: Final = text(f"""
    SELECT {SHOWN} FROM secrets AS s
    WHERE CAST(:owner_id AS bigint) IS NULL OR s.owner_id = :owner_id OR s.owner_id IS NULL
    ORDER BY s.name, s.owner_id NULLS FIRST OFFSET :skip LIMIT :limit
""")  # noqa: S608  # Only a constant.
COUNT: Final = text("""
    SELECT count(*) FROM secrets
    WHERE CAST(:owner_id AS bigint) IS NULL OR owner_id = :owner_id OR owner_id IS NULL
""")
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
KEYS: Final = text("SELECT key_id, count(*) AS secrets FROM secrets GROUP BY key_id ORDER BY key_id")
FOREIGN: Final = text("""
    SELECT id, owner_id, name, version, key_id, wrapped_key, ciphertext FROM secrets
    WHERE key_id <> :present AND id > :after ORDER BY id LIMIT :limit FOR UPDATE
""")
REWRAP: Final = update(Secret).where(Secret.id == bindparam("of"))


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


def count_by_key(connection: Connection) -> dict[str, int]:
    """Return how many secrets each key-encryption key has wrapped."""
    return {row.key_id: row.secrets for row in connection.execute(KEYS)}


def lock_wrapped_by_others(
    connection: Connection, present: str, *, after: str, limit: int
) -> list[StoredSecret]:
    """Return secrets that another than the present key has wrapped, which nobody else changes meanwhile."""
    return [
        _stored(row)
        for row in connection.execute(FOREIGN, {"present": present, "after": after, "limit": limit})
    ]


def put_envelope(connection: Connection, secret_id: str, envelope: Envelope) -> None:
    """Exchange what is stored of a value for the same value wrapped otherwise."""
    connection.execute(REWRAP.values(**envelope._asdict()), {"of": secret_id})


def _stored(row: AnyRow) -> StoredSecret:
    return StoredSecret(
        Identity(row.id, row.owner_id, row.name, row.version),
        Envelope(row.key_id, row.wrapped_key, row.ciphertext),
    )
