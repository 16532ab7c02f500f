"""What the worker of an attempt is granted with its message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from operation_server.files.grants import Grants
from operation_server.jobs.transitions import DispatchedJob
from satellite.contracts.attempt_files import GrantedFile, InputFile, artifacts_path, input_path
from satellite.contracts.identity import AttemptKey
from satellite.contracts.model_version import GrantedModel, JobModel
from satellite.errors import SatelliteError

INPUT_FILES: Final = TypeAdapter(list[InputFile])


class FilesNotGranted(SatelliteError):
    """The job needs files, but the dispatcher has no SATELLITE_FILES_STORAGE_URL and so grants none."""

    code = "files_not_granted"


class AttemptGrants:
    """Signs, for as long as an attempt may take, the addresses of its files."""

    def __init__(self, grants: Grants, *, ttl_s: float) -> None:
        """Take what signs, and how long a grant holds beyond the time that the attempt may run."""
        self._grants = grants
        self._ttl_s = ttl_s

    def of_inputs(self, job: DispatchedJob) -> list[GrantedFile]:
        """Return the input files of an attempt, each with the grant by which its worker fetches it."""
        return self._granted(job, INPUT_FILES.validate_json(job.input_files_json or "[]"))

    def of_model(self, job: DispatchedJob) -> GrantedModel:
        """Return the version of a model that an attempt asks, its files likewise."""
        model = JobModel.model_validate_json(job.model_json or "")
        return GrantedModel(
            name=model.name,
            version=model.version,
            digest=model.digest,
            files=self._granted(job, model.files),
            output_schema_json=job.model_output_json or "{}",
        )

    def of_artifacts(self, key: AttemptKey, *, timeout_s: float) -> str:
        """Return the grant by which the worker of an attempt brings what the attempt has written."""
        return self._grants.sign("PUT", artifacts_path(key), ttl_s=self._ttl_s + timeout_s)

    def _granted(self, job: DispatchedJob, files: Sequence[InputFile]) -> list[GrantedFile]:
        ttl_s = self._ttl_s + job.timeout_s
        return [
            GrantedFile(
                **file.model_dump(), grant=self._grants.sign("GET", input_path(job.key, file.id), ttl_s=ttl_s)
            )
            for file in files
        ]


def input_files_of(job: DispatchedJob, granting: AttemptGrants | None) -> list[GrantedFile]:
    """Return the input files of a job that has some.

    Raises:
        FilesNotGranted: nothing grants them.
    """
    if granting is None:
        raise FilesNotGranted
    return granting.of_inputs(job)


def model_of(job: DispatchedJob, granting: AttemptGrants | None) -> GrantedModel:
    """Return the version of a model that a job asks which asks one.

    Raises:
        FilesNotGranted: nothing grants its files.
    """
    if granting is None:
        raise FilesNotGranted
    return granting.of_model(job)
