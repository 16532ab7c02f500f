"""Idempotency keys: the same key and request again give the first job, another request is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.jobs import repository
from operation_server.jobs.access import within
from operation_server.jobs.document import JobDocument, job_document
from operation_server.jobs.errors import IdempotencyKeyReused
from operation_server.jobs.transitions import NewJob
from operation_server.problems import Violation


async def find_first(connections: Connections, caller: Account, digest: str, key: str) -> JobDocument | None:
    """Return the caller's job that a key stands for, or None; `digest` is that of the request.

    Raises:
        IdempotencyKeyReused: the key was used for another request.
    """
    async with connections.connect() as connection:
        taken = (await repository.find_by_keys(connection, caller.id, [key])).get(key)
        if taken is None:
            return None
        job_id, first_digest = taken
        if first_digest != digest:
            raise IdempotencyKeyReused
        row = await repository.find(connection, job_id)
    return job_document(within(visible_to(caller), row, job_id))


def without_replays(jobs: Sequence[NewJob], taken: Mapping[str, tuple[int, str | None]]) -> list[NewJob]:
    """Return the jobs to store: one for each new key; `taken` has job and digest of the keys that are known.

    Raises:
        IdempotencyKeyReused: keys stand for two requests; each is named by its index.
    """
    digests = {key: digest for key, (_, digest) in taken.items()}
    fresh: list[NewJob] = []
    violations: list[Violation] = []
    for index, job in enumerate(jobs):
        key = job.idempotency_key
        if key is None or key not in digests:
            fresh.append(job)
        elif digests[key] != job.request_digest:
            violations.append(Violation(f"/jobs/{index}/idempotency_key", "was used for another request"))
        if key is not None:
            digests.setdefault(key, job.request_digest)
    if violations:
        raise IdempotencyKeyReused(violations)
    return fresh
