"""Processes of two releases and one database: who can work on which schema, and what the others say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.database.migrate import ServerTooOld, migrate, migrate_down, scripts
from operation_server.database.phases import Phase, phase_of
from operation_server.database.schema_fit import SchemaFit

HEAD = scripts().get_current_head()
NEEDED = next(script.revision for script in scripts().walk_revisions() if phase_of(script) is Phase.BEFORE)
OPERATION_SERVER = [sys.executable, "-m", "operation_server.cli"]


async def fault(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return await SchemaFit().fault(connection)


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def test_the_newest_schema_fits(engine: AsyncEngine) -> None:
    assert await fault(engine) is None


async def test_an_older_one_is_named_with_what_to_do(engine: AsyncEngine, database_url: str) -> None:
    await engine.dispose()
    migrate_down(database_url, revision="0030")
    assert await fault(engine) == f"is at revision 0030, {NEEDED} is needed; run `operation-server migrate`"


async def test_what_a_newer_release_has_added_disturbs_nobody(engine: AsyncEngine) -> None:
    await execute(engine, "UPDATE alembic_version SET version_num = '9999'")
    assert await fault(engine) is None


async def test_what_a_newer_release_has_taken_away_ends_the_older_one(engine: AsyncEngine) -> None:
    await execute(engine, "UPDATE alembic_version SET version_num = '9999'")
    await execute(engine, f"INSERT INTO after_migrations (revision) VALUES ('{HEAD}'), ('9998')")
    said = await fault(engine)
    assert said is not None
    assert "9999" in said
    assert "run the newer one" in said


def test_a_server_that_is_too_old_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operation_server.database.migrate.OLDEST_SERVER", 99)
    with pytest.raises(ServerTooOld, match=r"SATELLITE_DATABASE_URL: PostgreSQL \d+ answers; 99 or newer"):
        migrate(database_url)


async def test_a_database_that_is_none_of_ours_is_named(engine: AsyncEngine) -> None:
    await execute(engine, "DROP TABLE alembic_version")
    assert await fault(engine) == "is not migrated; run `operation-server migrate`"


@pytest.mark.parametrize("options", [[], ["--phase", "before"]])
async def test_migrate_refuses_a_newer_database_in_one_line(
    engine: AsyncEngine, database_url: str, options: list[str]
) -> None:
    await execute(engine, "UPDATE alembic_version SET version_num = '9999'")
    environment = os.environ | {"SATELLITE_DATABASE_URL": database_url}
    done = subprocess.run(
        [*OPERATION_SERVER, "migrate", *options], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "9999, which this release does not know" in done.stderr
