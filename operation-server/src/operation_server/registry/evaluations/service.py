"""The rules about evaluations."""

from __future__ import annotations

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.problems import Violation
from operation_server.registry import changes
from operation_server.registry import repository as registry
from operation_server.registry.errors import EvaluationNotFound, ModelInvalid
from operation_server.registry.evaluations import repository
from operation_server.registry.evaluations.schemas import EvaluationCreate, EvaluationList
from operation_server.registry.new_version import job_missing
from operation_server.registry.schemas import EvaluationRead
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.job import JobStatus


class EvaluationService:
    """Keeps what was measured of versions; on the same data the newest counts."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def add(
        self, caller: Account, name: str, version: int, request: EvaluationCreate
    ) -> tuple[EvaluationRead, bool]:
        """Keep an evaluation and return it, and whether it is new; the newest again changes nothing.

        Raises:
            ModelNotFound, ModelVersionNotFound, ModelNotYours: it is none of the caller's.
            ModelInvalid: its job is not there, or has not completed.
        """
        async with self._connections.begin() as connection:
            await changes.find(connection, name)
            await _require_job(connection, caller, request.job_id)
            await changes.lock_own(connection, caller, name)
            row = await changes.find_version(connection, name, version)
            newest = await repository.find_newest(connection, row.id, request.data_digest)
            if newest is not None and _is_same(newest, request):
                return EvaluationRead.model_validate(newest), False
            stated = request.model_dump()
            await repository.add(connection, model_version_id=row.id, created_by=caller.id, **stated)
            await record(connection, caller, Action.EVALUATE_MODEL, name, version=version, **stated)
            added = await repository.find_newest(connection, row.id, request.data_digest)
        return EvaluationRead.model_validate(added), True

    async def list_page(self, name: str, version: int, *, skip: int, limit: int) -> EvaluationList:
        """Return a page of a version's evaluations, newest first.

        Raises:
            ModelNotFound, ModelVersionNotFound: there is no such version.
        """
        async with self._connections.connect() as connection:
            await changes.find(connection, name)
            row = await changes.find_version(connection, name, version)
            total, rows = await repository.list_page(connection, row.id, skip=skip, limit=limit)
        return EvaluationList(total=total, items=[EvaluationRead.model_validate(each) for each in rows])

    async def delete(self, caller: Account, name: str, version: int, evaluation_id: int) -> None:
        """Delete an evaluation; the one before it on the same data counts then.

        Raises:
            ModelNotFound, ModelVersionNotFound, ModelNotYours: it is none of the caller's.
            EvaluationNotFound: there is none.
        """
        async with self._connections.begin() as connection:
            # Whoever moves an alias holds the same lock: what a gate looks at stays until the move is done.
            await changes.lock_own(connection, caller, name)
            row = await changes.find_version(connection, name, version)
            gone = await repository.remove(connection, row.id, evaluation_id)
            if gone is None:
                raise EvaluationNotFound(f"{name}@{version} has no evaluation {evaluation_id}.")
            told = {"data_digest": gone.data_digest, "metrics": gone.metrics}
            await record(connection, caller, Action.DELETE_MODEL_EVALUATION, name, version=version, **told)


def _is_same(row: AnyRow, request: EvaluationCreate) -> bool:
    return (row.data_name, row.metrics, row.job_id) == (request.data_name, request.metrics, request.job_id)


async def _require_job(connection: AsyncConnection, caller: Account, job_id: int | None) -> None:
    if job_id is None:
        return
    # Before the model, as the transition that completes a training locks them.
    await registry.hold_job(connection, job_id)
    job = await registry.find_making_job(connection, job_id)
    if job is None or job.owner_id not in visible_to(caller):
        raise ModelInvalid([job_missing(job_id)])
    if job.status != JobStatus.COMPLETED:
        raise ModelInvalid([Violation("/job_id", f"job {job_id} is {job.status}, and has found nothing")])
