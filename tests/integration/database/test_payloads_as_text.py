"""The migration to payloads as text, both ways and with rows in the tables."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from operation_server.database.migrate import migrate, migrate_down
from operation_server.jobs.transitions import submit_jobs
from operation_server.models import Job
from tests.integration.transitions.seed import add_plugin, add_user, new_job

TYPES = text("""
    SELECT table_name || '.' || column_name AS name, data_type FROM information_schema.columns
    WHERE (table_name, column_name) IN (('jobs', 'input_data'), ('jobs', 'result'), ('job_events', 'data'))
""")
INPUT = '{"z":1,"a":18446744073709551617}'


def look(engine: Engine) -> tuple[set[str], list[Any]]:
    with engine.connect() as connection:
        types = {row.data_type for row in connection.execute(TYPES)}
        row = connection.execute(
            text("SELECT CAST(input_data AS text), result, CAST(data AS text) FROM jobs, job_events")
        ).one()
        return types, list(row)


def test_rows_survive_it_both_ways(database_url: str, blocking_engine: Engine) -> None:
    with blocking_engine.begin() as connection:
        owner_id = add_user(connection)
        plugin_id = add_plugin(connection, owner_id)
        submit_jobs(connection, [new_job(owner_id, plugin_id, input_json=INPUT)])
    before = look(blocking_engine)
    blocking_engine.dispose()

    migrate_down(database_url, revision="0001")
    older = look(blocking_engine)
    blocking_engine.dispose()
    migrate(database_url)

    assert before == ({"json"}, [INPUT, None, '{"status":"queued","attempt":0}'])
    assert older[0] == {"jsonb"}
    assert older[1][0] == '{"a": 18446744073709551617, "z": 1}'
    assert look(blocking_engine) == ({"json"}, older[1])


def test_the_models_are_what_the_migrations_make(blocking_engine: Engine) -> None:
    with blocking_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Job.metadata) == []
