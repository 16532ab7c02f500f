"""A worker as the API knows it: by the grant of an attempt, and by what it reports."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.files.grants import Grants
from operation_server.jobs.transitions import apply_outcomes
from satellite.contracts.attempt_files import Artifact, artifact_path, artifacts_path
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import OutcomeStatus
from satellite.testing import outcome_of

CONTENT = b"n,name\n1,one\n"


def digest_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


class Worker:
    """Brings artifacts, and reports."""

    def __init__(self, stranger: httpx.AsyncClient, grants: Grants, engine: AsyncEngine) -> None:
        self._stranger = stranger
        self._grants = grants
        self._engine = engine

    async def put(
        self, key: AttemptKey, name: str, content: bytes = CONTENT, **options: Any
    ) -> httpx.Response:
        grant = options.pop("grant", None) or self._grants.sign("PUT", artifacts_path(key), ttl_s=60)
        headers = {"Content-Type": "text/csv", "Content-Digest": digest_of(options.pop("stated", content))}
        return await self._stranger.put(
            f"http://satellite{artifact_path(key, name)}",
            params={"grant": grant}, content=content, headers=headers,
        )  # fmt: skip

    async def bring(self, key: AttemptKey, name: str, content: bytes = CONTENT) -> Artifact:
        answer = await self.put(key, name, content)
        assert answer.status_code == 200, answer.text
        return Artifact.model_validate_json(answer.content)

    async def report(self, key: AttemptKey, *artifacts: Artifact, **changes: Any) -> int:
        """Report the attempt, and return how many outcomes were applied."""
        given = {"status": OutcomeStatus.COMPLETED, "result_json": "{}"} | changes
        outcome = outcome_of(key.job_id, key.attempt, uid=key.uid, artifacts=list(artifacts), **given)
        async with self._engine.begin() as connection:
            applied = await connection.run_sync(apply_outcomes, [outcome])
        return len(applied.applied)
