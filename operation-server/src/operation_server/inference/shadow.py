"""Asks a candidate again what the stable version has answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.jobs.transitions import NewJob, submit_jobs
from operation_server.registry import repository as registry
from operation_server.registry.job_model import job_model
from operation_server.registry.rollouts import repository
from operation_server.registry.rollouts.arms import Arm, Part
from satellite.contracts.event import StreamEntry

SHADOW_TTL_S: Final = 30.0
"""What found no free slot by then is not worth one: others wait again."""


async def begin_shadow(connection: AsyncConnection, rollout: AnyRow, job_id: int) -> Sequence[StreamEntry]:
    """Submit the shadow of a job that has ended, and return what to publish; nothing if it is left out.

    It is left out while any job waits, so that shadows take only slots that nobody else wants. It belongs to
    who began the rollout: whoever asked neither pays for it nor finds it among their jobs.
    """
    if await repository.anything_waits(connection):
        return []
    asked = await repository.find_asked(connection, job_id)
    if asked is None:
        return []
    candidate = await registry.find_version(connection, rollout.model_name, rollout.candidate)
    if candidate is None or not await registry.hold_version(connection, candidate.id):
        return []
    job = NewJob(
        owner_id=rollout.started_by,
        plugin_id=candidate.plugin_id,
        plugin_name=candidate.plugin_name,
        plugin_version=candidate.plugin_version,
        input_json=asked.input_json,
        timeout_s=asked.timeout_s,
        max_retries=0,
        expires_in_s=SHADOW_TTL_S,
        model_version_id=candidate.id,
        model=job_model(candidate),
    )
    submitted = await connection.run_sync(submit_jobs, [job])
    part = Part(rollout_id=rollout.id, arm=Arm.SHADOW)
    await repository.note(connection, submitted.ids[0], part, shadow_of=job_id)
    return submitted.entries
