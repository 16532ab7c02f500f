"""What the worker of an attempt may do with files, as long as the attempt has not ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from operation_server.database.connections import Connections
from operation_server.files.attempts import repository
from operation_server.files.attempts.examination import HEAD_BYTES, ArtifactExaminer
from operation_server.files.changes import begin_upload, held_to_quota
from operation_server.files.errors import (
    ArtifactNameRefused,
    AttemptOver,
    TooManyArtifacts,
    UploadExpired,
)
from operation_server.files.grants import Grants
from operation_server.files.intake import Intake
from operation_server.files.names import LONGEST_NAME
from operation_server.files.ranges import parse_range
from operation_server.files.removal import remove_file_or_leave_it
from operation_server.files.schemas import FileRead
from operation_server.files.service import DAY_S, Download, open_file
from operation_server.files.storage import FileStorage, require_storage
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.settings import FileSettings
from satellite.contracts.attempt_files import (
    ARTIFACTS_MAX,
    Artifact,
    artifacts_path,
    input_path,
    is_artifact_name,
    pushed_id,
    pushed_task,
)
from satellite.contracts.identity import AttemptKey


class AttemptFileService:
    """Serves workers, which show a grant and have no account."""

    def __init__(
        self,
        connections: Connections,
        storage: FileStorage | None,
        grants: Grants,
        users: LimitsOfUsers,
        settings: FileSettings,
        *,
        examiner: ArtifactExaminer,
    ) -> None:
        self._connections = connections
        self._storage = storage
        self._grants = grants
        self._users = users
        self._settings = settings
        self._examiner = examiner

    async def open_input(
        self, key: AttemptKey, file_id: str, *, grant: str, wanted: str | None, if_range: str | None
    ) -> Download:
        """Return an input file of an attempt to be read: the part that a `Range` asks for, else the whole.

        Raises:
            GrantRefused: the grant is not for it.
            AttemptOver: the attempt has ended, or has no such file.
            RangeUnsatisfiable: the file ends before that part.
            StorageMissing, StorageUnavailable: it cannot be read.
        """
        self._grants.verify(grant, "GET", input_path(key, file_id))
        if (task := pushed_task(file_id)) is not None:
            return await self._open_pushed(key, task, wanted=wanted, if_range=if_range)
        storage = require_storage(self._storage)
        async with self._connections.connect() as connection:
            row = await repository.find_input(connection, key, file_id)
        if row is None:
            raise AttemptOver
        return await open_file(storage, row, wanted=wanted, if_range=if_range)

    async def _open_pushed(
        self, key: AttemptKey, task: str, *, wanted: str | None, if_range: str | None
    ) -> Download:
        async with self._connections.connect() as connection:
            row = await repository.find_pushed(connection, key, task)
        if row is None:
            raise AttemptOver
        file = FileRead(
            id=pushed_id(task),
            owner_id=row.owner_id,
            name=row.name,
            media_type="application/json",
            size_bytes=len(row.content),
            sha256=row.sha256,
            created_at=row.created_at,
            expires_at=row.created_at,
        )
        part = parse_range(wanted, file.size_bytes) if if_range in {None, file.etag} else None
        start, end = part or (0, file.size_bytes)
        return Download(file, part, _whole(bytes(row.content[start:end])))

    async def put_artifact(
        self,
        key: AttemptKey,
        name: str,
        *,
        grant: str,
        media_type: str,
        announced_bytes: int | None,
        wanted_sha256: str | None,
        chunks: AsyncIterator[bytes],
    ) -> Artifact:
        """Store a file that an attempt has written; its job has it when the attempt is reported completed.

        The same again is stored once; something else under the name takes its place.

        Raises:
            GrantRefused: the grant is not for this attempt.
            AttemptOver: the attempt has ended.
            ArtifactNameRefused, TooManyArtifacts: it is none that an attempt may bring.
            StorageQuotaReached: it is more than the owner of the job may store.
            DigestMismatch: its SHA-256 is not the wanted one.
            ArtifactRefused: the job trains a model, and this can be no part of it.
            SchemaChecksBusy: it cannot be looked at now.
            StorageMissing, StorageUnavailable: it cannot be stored.
        """
        self._grants.verify(grant, "PUT", artifacts_path(key))
        storage = require_storage(self._storage)
        if not is_artifact_name(name):
            raise ArtifactNameRefused
        async with self._connections.connect() as connection:
            job = await repository.find_job(connection, key)
            known = await repository.find_artifact(connection, key, name)
        if job is None:
            raise AttemptOver
        owner_id = job.owner_id
        if known is not None and known.sha256 is not None and known.sha256 == wanted_sha256:
            return Artifact.model_validate(known._asdict())
        stored_bytes_max = (await self._users.of(owner_id)).stored_bytes
        async with self._connections.begin() as connection:
            file_id, room = await begin_upload(
                connection,
                owner_id,
                name=name.rpartition("/")[2][-LONGEST_NAME:],
                media_type=media_type,
                announced_bytes=announced_bytes or 0,
                stored_bytes_max=stored_bytes_max,
                expires_in_s=self._settings.kept_days * DAY_S,
            )
            await repository.add_artifact(connection, key, name, file_id)
            if await repository.count_artifacts(connection, key) > ARTIFACTS_MAX:
                raise TooManyArtifacts
        head_bytes = HEAD_BYTES if job.trains else 0
        intake = Intake(bytes_max=min(self._settings.max_bytes, room), head_bytes=head_bytes)
        try:
            await storage.put(file_id, intake.of(chunks))
            intake.require(wanted_sha256)
            document = await self._examine(name, intake) if job.trains else None
            await self._note(owner_id, file_id, intake, stored_bytes_max=stored_bytes_max, document=document)
        except BaseException:
            await asyncio.shield(remove_file_or_leave_it(self._connections.transactions, storage, file_id))
            raise
        return Artifact(name=name, file_id=file_id, size_bytes=intake.size_bytes, sha256=intake.sha256)

    async def _examine(self, name: str, intake: Intake) -> dict[str, Any] | None:
        return await self._examiner.examine(name, bytes(intake.head), size_bytes=intake.size_bytes)

    async def _note(
        self,
        owner_id: int,
        file_id: str,
        intake: Intake,
        *,
        stored_bytes_max: int,
        document: dict[str, Any] | None,
    ) -> None:
        async with (
            self._connections.begin() as connection,
            held_to_quota(connection, owner_id, stored_bytes_max=stored_bytes_max),
        ):
            if not await repository.note_content(
                connection, file_id, size_bytes=intake.size_bytes, sha256=intake.sha256
            ):
                raise UploadExpired
            if document is not None:
                await repository.note_document(connection, file_id, document)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
