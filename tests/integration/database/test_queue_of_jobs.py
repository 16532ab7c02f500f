"""The migration that keeps which queue a job was sent to, both ways and with jobs under way."""

from __future__ import annotations

from sqlalchemy import Engine, text

from operation_server.database.migrate import migrate, migrate_down
from operation_server.jobs.transitions import VersionCatalog, select_and_mark, submit_jobs
from satellite.contracts.task_names import shared_queue
from satellite.contracts.worker import GPUCard
from tests.integration.transitions.seed import BIG_WORKER, add_plugin, add_user, capacity_of, new_job

QUEUES = text("SELECT plugin_name, queue FROM jobs ORDER BY id")
PLAIN, VISUAL = (shared_queue("default", with_gpu=with_gpu) for with_gpu in (False, True))


def queues(engine: Engine) -> list[tuple[str, str | None]]:
    with engine.connect() as connection:
        return [(row.plugin_name, row.queue) for row in connection.execute(QUEUES)]


def test_jobs_under_way_keep_the_queue_they_are_in(database_url: str, blocking_engine: Engine) -> None:
    worker = BIG_WORKER.model_copy(update={"queues": [PLAIN, VISUAL], "cards": [GPUCard(uuid="GPU-1")]})
    with blocking_engine.begin() as connection:
        owner_id = add_user(connection)
        plain = add_plugin(connection, owner_id, "plain")
        visual = add_plugin(connection, owner_id, "visual", resources={"gpus": 0.5})
        submit_jobs(connection, [new_job(owner_id, plain, "plain"), new_job(owner_id, visual, "visual")])
        select_and_mark(connection, capacity=capacity_of(worker), catalog=VersionCatalog(), limit=9)
        submit_jobs(connection, [new_job(owner_id, plain, "waiting")])
    before = queues(blocking_engine)
    blocking_engine.dispose()

    migrate_down(database_url, revision="0007")
    migrate(database_url)

    assert before == [("plain", PLAIN), ("visual", VISUAL), ("waiting", None)]
    assert queues(blocking_engine) == before
