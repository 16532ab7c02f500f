"""What migrations do to large tables without keeping anybody from them.

Each of these commits on its own, so after a failure the migration is run again from its beginning: what
stands before one of these in a migration says `IF NOT EXISTS`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from alembic import op
from sqlalchemy import text

BATCH: Final = 5_000
REST_S: Final = 0.05
"""Between two batches, so that what waits for a lock or the disk gets its turn."""
IS_BROKEN: Final = text("""
    SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)
""")


def create_index(
    name: str,
    table: str,
    columns: Sequence[str],
    *,
    include: Sequence[str] = (),
    where: str | None = None,
    unique: bool = False,
    method: str = "btree",
    settings: str | None = None,
) -> None:
    """Make an index while everybody goes on writing; safe to repeat."""
    more = f" INCLUDE ({', '.join(include)})" if include else ""
    more += f" WITH ({settings})" if settings else ""
    condition = f" WHERE {where}" if where else ""
    kind = "UNIQUE INDEX" if unique else "INDEX"
    with op.get_context().autocommit_block():
        # It waits for transactions that were there before, and nobody waits for it.
        op.execute("SET lock_timeout = 0")
        # One that was broken off stays as an index that is kept up and never used.
        if op.get_bind().scalar(IS_BROKEN, {"name": name}):
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(
            f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {table} USING {method} "
            f"({', '.join(columns)}){more}{condition}"
        )
        op.execute("SET lock_timeout = '1s'")


def drop_index(name: str) -> None:
    """Remove an index while everybody goes on; safe to repeat."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("SET lock_timeout = '1s'")


def widen_check(name: str, table: str, condition: str) -> None:
    """Let a check allow more than it did, and all that it allowed; safe to repeat.

    The rows that there are keep it already. They are looked at while everybody goes on writing.
    """
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def fill_in(table: str, assignment: str, *, where: str) -> None:
    """Change the rows that there are and a condition holds for, some at a time by their `id`; safe to repeat.

    The condition must no longer hold for a row that was changed. Rows that come meanwhile are left to the
    column's default, or to what is run when nobody writes them without a value any more.
    """
    with op.get_context().autocommit_block():
        connection, after = op.get_bind(), 0
        newest = connection.scalar(text(f"SELECT max(id) FROM {table}"))  # noqa: S608 - as below.
        batch = text(f"""
            WITH batch AS (
                SELECT id FROM {table} WHERE id > :after AND id <= :newest AND ({where})
                ORDER BY id LIMIT {BATCH} FOR UPDATE
            ), changed AS (
                UPDATE {table} SET {assignment} FROM batch WHERE {table}.id = batch.id
            )
            SELECT max(id) FROM batch
        """)  # noqa: S608 - migrations of this program alone say what goes in.
        while (last := connection.scalar(batch, {"after": after, "newest": newest})) is not None:
            after = last
            time.sleep(REST_S)
