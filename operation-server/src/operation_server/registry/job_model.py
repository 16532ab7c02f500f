"""What of a version goes along with each job that asks it."""

from __future__ import annotations

from operation_server.database.rows import AnyRow
from satellite.contracts.attempt_files import InputFile
from satellite.contracts.model_version import JobModel


def job_model(version: AnyRow) -> JobModel:
    """Return a version of the repository as it is kept with a job."""
    files = [
        InputFile(
            id=file["file_id"],
            pointers=[],
            name=file["role"],
            size_bytes=file["size_bytes"],
            sha256=file["sha256"],
        )
        for file in version.files
    ]
    return JobModel(name=version.model_name, version=version.version, digest=version.digest, files=files)
