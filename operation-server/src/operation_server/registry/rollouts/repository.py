"""All SQL about rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import RolloutJob
from operation_server.models.job_states import WAITING
from operation_server.registry.rollouts.arms import Arm, Part
from operation_server.registry.rollouts.schemas import RolloutSettings, RolloutStatus
from operation_server.registry.rollouts.verdicts import Counts, Verdict

FIND: Final = """
    SELECT r.id, m.name AS model_name, r.alias, r.stable_id, r.candidate_id, s.version AS stable,
           c.version AS candidate, r.settings, r.status, r.reason, r.started_by, r.started_at, r.ended_at
    FROM model_rollouts AS r JOIN models AS m ON m.id = r.model_id
    JOIN model_versions AS s ON s.id = r.stable_id JOIN model_versions AS c ON c.id = r.candidate_id
"""
FIND_LAST: Final = text(f"{FIND} WHERE m.name = :name ORDER BY r.id DESC LIMIT 1")
FIND_RUNNING: Final = text(f"{FIND} WHERE m.name = :name AND r.status = 'running'")
LOCK_RUNNING: Final = text(
    f"{FIND} WHERE r.id = ANY(CAST(:ids AS bigint[])) AND r.status = 'running' ORDER BY r.id FOR UPDATE OF r"
)
ADD: Final = text("""
    INSERT INTO model_rollouts (model_id, alias, stable_id, candidate_id, settings, started_by)
    VALUES (:model_id, :alias, :stable_id, :candidate_id, CAST(:settings AS json), :started_by)
""")
CHANGE: Final = text("UPDATE model_rollouts SET settings = CAST(:settings AS json) WHERE id = :id")
END: Final = text("""
    UPDATE model_rollouts SET status = :status, reason = CAST(:reason AS json), ended_at = now()
    WHERE id = :id AND status = 'running'
""")
FIND_TRIED: Final = text(
    "SELECT id FROM model_rollouts WHERE candidate_id = :version_id AND status = 'running'"
)
COUNTS: Final = text("SELECT arm, verdict, jobs FROM rollout_counts WHERE rollout_id = :id")
COUNT: Final = text("""
    INSERT INTO rollout_counts (rollout_id, arm, verdict, jobs) VALUES (:rollout_id, :arm, :verdict, :jobs)
    ON CONFLICT (rollout_id, arm, verdict) DO UPDATE SET jobs = rollout_counts.jobs + excluded.jobs
""")
# A second watcher gets what the first one has not locked, so none is judged twice.
TAKE_ENDED: Final = text("""
    DELETE FROM rollout_jobs AS r USING (
        SELECT t.job_id, j.status, j.error ->> 'kind' AS error_kind, j.started_at IS NOT NULL AS has_started,
               CAST(o.settings ->> 'tolerance' AS float8) AS tolerance
        FROM rollout_jobs AS t JOIN jobs AS j ON j.id = t.job_id
        JOIN model_rollouts AS o ON o.id = t.rollout_id
        WHERE j.status IN ('completed', 'failed', 'cancelled')
        ORDER BY t.job_id LIMIT :limit FOR UPDATE OF t SKIP LOCKED
    ) AS ended
    WHERE r.job_id = ended.job_id
    RETURNING r.job_id, r.rollout_id, r.arm, r.shadow_of, ended.status, ended.error_kind, ended.has_started,
              ended.tolerance
""")
RESULTS: Final = text(
    "SELECT id, CAST(result AS text) AS result FROM jobs WHERE id = ANY(CAST(:ids AS bigint[]))"
)
# A request with files is left out: they are its owner's, and a shadow is a job of somebody else.
ASKED: Final = text("""
    SELECT CAST(input_data AS text) AS input_json, timeout_s FROM jobs
    WHERE id = :job_id AND input_files IS NULL
""")
ANYTHING_WAITS: Final = text(f"SELECT EXISTS (SELECT 1 FROM jobs WHERE {WAITING})")  # noqa: S608 - a constant.


async def find_last(connection: AsyncConnection, model_name: str) -> AnyRow | None:
    """Return the newest rollout of a model, running or not, or None."""
    return (await connection.execute(FIND_LAST, {"name": model_name})).one_or_none()


async def find_running(connection: AsyncConnection, model_name: str) -> AnyRow | None:
    """Return the running rollout of a model, or None."""
    return (await connection.execute(FIND_RUNNING, {"name": model_name})).one_or_none()


async def lock_running(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return those of some rollouts that are running; nobody else ends them until the transaction ends."""
    return (await connection.execute(LOCK_RUNNING, {"ids": list(ids)})).all()


async def add(
    connection: AsyncConnection,
    model_id: int,
    settings: RolloutSettings,
    *,
    alias: str,
    stable_id: int,
    candidate_id: int,
    started_by: int,
) -> None:
    """Begin a rollout of a locked model that has none running."""
    values = {"alias": alias, "stable_id": stable_id, "candidate_id": candidate_id, "started_by": started_by}
    await connection.execute(ADD, {"model_id": model_id, "settings": settings.model_dump_json(), **values})


async def change(connection: AsyncConnection, rollout_id: int, settings: RolloutSettings) -> None:
    """Give a rollout other settings."""
    await connection.execute(CHANGE, {"id": rollout_id, "settings": settings.model_dump_json()})


async def end(
    connection: AsyncConnection,
    rollout_id: int,
    status: RolloutStatus,
    *,
    reason: Mapping[str, object] | None = None,
) -> None:
    """End a rollout, if it is running."""
    told = None if reason is None else orjson.dumps(reason).decode()
    await connection.execute(END, {"id": rollout_id, "status": status.value, "reason": told})


async def is_tried(connection: AsyncConnection, version_id: int) -> bool:
    """Tell whether a version is the candidate of a running rollout."""
    return await connection.scalar(FIND_TRIED, {"version_id": version_id}) is not None


async def note(connection: AsyncConnection, job_id: int, part: Part, *, shadow_of: int | None = None) -> None:
    """Remember what part a new job has in a rollout, until it is judged."""
    values = {"rollout_id": part.rollout_id, "arm": part.arm.value, "shadow_of": shadow_of}
    await connection.execute(insert(RolloutJob).values(job_id=job_id, **values))


async def take_ended(connection: AsyncConnection, *, limit: int) -> Sequence[AnyRow]:
    """Take and return noted jobs that have ended; whoever takes them counts them in the same transaction."""
    return (await connection.execute(TAKE_ENDED, {"limit": limit})).all()


async def find_results(connection: AsyncConnection, job_ids: Sequence[int]) -> dict[int, str | None]:
    """Return the results of some jobs as JSON texts; those that are artifacts are None."""
    rows = await connection.execute(RESULTS, {"ids": list(job_ids)})
    return {row.id: row.result for row in rows}


async def find_asked(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return what a job was asked, None if that has files or the job is gone."""
    return (await connection.execute(ASKED, {"job_id": job_id})).one_or_none()


async def anything_waits(connection: AsyncConnection) -> bool:
    """Tell whether any job waits for a worker."""
    return bool(await connection.scalar(ANYTHING_WAITS))


async def count(connection: AsyncConnection, rollout_id: int, arm: Arm, verdict: Verdict, jobs: int) -> None:
    """Count jobs that have ended."""
    values = {"rollout_id": rollout_id, "arm": arm.value, "verdict": verdict.value, "jobs": jobs}
    await connection.execute(COUNT, values)


async def counts_of(connection: AsyncConnection, rollout_id: int) -> Counts:
    """Return how many jobs of each arm were judged how."""
    rows = await connection.execute(COUNTS, {"id": rollout_id})
    return {(Arm(row.arm), Verdict(row.verdict)): row.jobs for row in rows}
