"""Whether this release can work on the schema of a database, and in a line what to do if not."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.migrate import scripts
from operation_server.database.phases import Phase, phase_of

FIND_TABLES: Final = text("""
    SELECT to_regclass('alembic_version') IS NOT NULL AS has_revision,
           to_regclass('after_migrations') IS NOT NULL AS has_after_migrations
""")
REVISION: Final = text("SELECT version_num FROM alembic_version")
AFTER_MIGRATIONS: Final = text("SELECT revision FROM after_migrations")
NOT_MIGRATED: Final = "is not migrated; run `operation-server migrate`"


class SchemaFit:
    """Compares a database with the migrations that this release knows."""

    def __init__(self) -> None:
        """Read them, once for a process."""
        chain = list(reversed(list(scripts().walk_revisions())))
        self._known = [script.revision for script in chain]
        # What is run after the processes were replaced, they can do without.
        self._needed = [script.revision for script in chain if phase_of(script) is Phase.BEFORE][-1]

    async def fault(self, connection: AsyncConnection) -> str | None:
        """Return what is wrong, to be read after "the database", or None.

        A newer database is well, as long as nothing was taken away that this release does not know of.
        """
        tables = (await connection.execute(FIND_TABLES)).one()
        if not tables.has_revision:
            return NOT_MIGRATED
        revision = await connection.scalar(REVISION)
        if revision is None:
            return NOT_MIGRATED
        if revision in self._known:
            if self._known.index(revision) >= self._known.index(self._needed):
                return None
            return f"is at revision {revision}, {self._needed} is needed; run `operation-server migrate`"
        taken_away = await connection.scalars(AFTER_MIGRATIONS) if tables.has_after_migrations else ()
        if all(one in self._known for one in taken_away):
            return None
        return f"is at revision {revision}, of a release that this one is too old for; run the newer one"
