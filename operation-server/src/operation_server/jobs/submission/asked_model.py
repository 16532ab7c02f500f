"""The version of a model that a job asks, held while the job is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace

from operation_server.database.connections import AsyncConnection
from operation_server.jobs.transitions import NewJob
from operation_server.registry import repository as registry
from operation_server.registry.errors import ModelVersionNotFound
from operation_server.registry.rollouts import repository as rollouts
from operation_server.registry.rollouts.arms import Part
from satellite.contracts.model_version import JobModel


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """What a request to a model has come to, which named it by an alias maybe."""

    version_id: int
    model: JobModel
    request_digest: str
    """Of the request as it was stated: the same again is the first job, whatever the alias names by then."""

    part: Part | None = None
    """What it has in a rollout, None if there is none."""

    def asked_by(self, job: NewJob) -> NewJob:
        """Return a job that asks the version."""
        digest = None if job.idempotency_key is None else self.request_digest
        return replace(job, model=self.model, model_version_id=self.version_id, request_digest=digest)


async def hold_model(connection: AsyncConnection, job: NewJob) -> None:
    """Keep the version that a job asks, if it asks one, until the transaction ends.

    Raises:
        ModelVersionNotFound: it has just been deleted.
    """
    if job.model is None or job.model_version_id is None:
        return
    if not await registry.hold_version(connection, job.model_version_id):
        raise ModelVersionNotFound(f"The model {job.model.label} has just been deleted.")


async def note_part(connection: AsyncConnection, job_id: int, asks: AskedModel | None) -> None:
    """Remember a stored job of a rollout, so that it is judged when it has ended."""
    if asks is not None and asks.part is not None:
        await rollouts.note(connection, job_id, asks.part)
