"""The whole chain of migrations down and up again, with a row in every table that a release may leave."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from operation_server.database.migrate import migrate, migrate_down, scripts
from operation_server.jobs.transitions import VersionCatalog, apply_outcomes, select_and_mark, submit_jobs
from operation_server.models import Job
from tests.integration.transitions.seed import PLENTY, add_plugin, add_user, new_job, outcome

KEPT = ("users", "plugins", "jobs", "job_events", "job_attempts")
"""Tables of the first release, whose rows live through every step."""
FILL = """
    INSERT INTO files (id, owner_id, object_key, name, media_type, size_bytes, expires_at)
        SELECT 'f', id, 'f', 'f', 'text/plain', 1, now() FROM users;
    INSERT INTO file_parts (object_key, file_id) VALUES ('p', 'f');
    INSERT INTO refresh_tokens (digest, family, user_id, expires_at)
        SELECT 'd', gen_random_uuid(), id, now() FROM users;
    INSERT INTO api_keys (user_id, name, digest) SELECT id, 'k', 'd' FROM users;
    INSERT INTO user_limits (user_id, max_queued) SELECT id, 1 FROM users;
    INSERT INTO event_readers (name) VALUES ('r');
    INSERT INTO event_reader_faults (reader, event_id, reason) VALUES ('r', 1, 'x');
    INSERT INTO audit_entries (action, object_type) VALUES ('job.cancel', 'job');
    INSERT INTO run_handles (job_id, attempt, handle) SELECT id, 1, '{}' FROM jobs;
    INSERT INTO incarnations (number) VALUES (2);
    INSERT INTO models (name, description, signature, digest, owner_id)
        SELECT 'm', '', '{}', 'd', id FROM users;
    INSERT INTO plugin_reports (plugin_id, passed, findings, tested_at, report, sent_by)
        SELECT id, true, 0, now(), '{}', created_by FROM plugins;
    INSERT INTO model_versions (model_id, version, plugin_id, digest, metrics, created_by)
        SELECT m.id, 1, p.id, 'd', '{}', m.owner_id FROM models AS m, plugins AS p;
    INSERT INTO model_files (model_version_id, role, file_id)
        SELECT id, 'model.onnx', 'f' FROM model_versions;
    INSERT INTO model_aliases (model_id, alias, model_version_id, moved_by)
        SELECT model_id, 'champion', id, created_by FROM model_versions;
"""
PAYLOADS = text("""
    SELECT j.id, CAST(j.input_data AS jsonb) AS input, CAST(j.result AS jsonb) AS result, j.status, j.attempt
    FROM jobs AS j ORDER BY j.id
""")


def seed(connection: Connection) -> None:
    owner_id = add_user(connection)
    plugin_id = add_plugin(connection, owner_id)
    submit_jobs(connection, [new_job(owner_id, plugin_id)] * 3)
    first, *_ = select_and_mark(connection, capacity=PLENTY, catalog=VersionCatalog(), limit=2).jobs
    apply_outcomes(connection, [outcome(first.job_id, 1, result={"n": 1}, uid=first.uid)])
    connection.exec_driver_sql(FILL)


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in KEPT}


def payloads(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(PAYLOADS)]


def test_rows_live_through_each_step_down_and_all_the_way_up(
    database_url: str, blocking_engine: Engine
) -> None:
    with blocking_engine.begin() as connection:
        seed(connection)
    before, told = counts(blocking_engine), payloads(blocking_engine)
    assert all(before.values())

    for script in scripts().walk_revisions():
        if script.down_revision is None:
            break
        blocking_engine.dispose()
        migrate_down(database_url, revision=str(script.down_revision))
        assert counts(blocking_engine) == before, script.revision
    blocking_engine.dispose()
    migrate(database_url)

    assert (counts(blocking_engine), payloads(blocking_engine)) == (before, told)
    with blocking_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Job.metadata) == []


def test_the_chain_ends_where_it_began(database_url: str, blocking_engine: Engine) -> None:
    blocking_engine.dispose()
    migrate_down(database_url, revision="base")
    assert inspect(blocking_engine).get_table_names() == ["alembic_version"]
    blocking_engine.dispose()
    migrate(database_url)
