"""Jobs from before there were uids get those that messages without any mean; later ones get random ones."""

from __future__ import annotations

from sqlalchemy import Engine, text

from operation_server.database.migrate import migrate, migrate_down
from operation_server.jobs.transitions import submit_jobs
from satellite.contracts.identity import uid_by_number
from tests.integration.transitions.seed import add_plugin, add_user, new_job


def test_a_job_is_named_for_ever(database_url: str, blocking_engine: Engine) -> None:
    with blocking_engine.begin() as connection:
        owner_id = add_user(connection)
        jobs = [new_job(owner_id, add_plugin(connection, owner_id))] * 2
        before = submit_jobs(connection, jobs).keys
    blocking_engine.dispose()
    migrate_down(database_url, revision="0004")
    migrate(database_url)
    with blocking_engine.begin() as connection:
        after = {row.id: row.uid for row in connection.execute(text("SELECT id, uid FROM jobs"))}
        later = submit_jobs(connection, jobs).keys

    assert after == {job_id: uid_by_number(job_id) for job_id, _ in before}
    assert not {uid for _, uid in before + later} & set(map(uid_by_number, range(10)))
    assert len({uid for _, uid in before + later}) == 4
