"""What can go wrong with files."""

from __future__ import annotations

from collections.abc import Mapping

from satellite.errors import SatelliteError


class FileNotFound(SatelliteError):
    """There is no such file, or it is somebody else's."""

    code = "file_not_found"


class FileInUse(SatelliteError):
    """A job that has not ended uses the file, or a version of a model has it."""

    code = "file_in_use"


class GrantRefused(SatelliteError):
    """The address is not signed for this, or no longer."""

    code = "grant_refused"


class AttemptOver(SatelliteError):
    """The attempt has ended, or another one is the newest of its job, or it has no such file."""

    code = "attempt_over"


class ArtifactNameRefused(SatelliteError):
    """An artifact cannot be called so: it is a path without `..`, control characters or backslashes."""

    code = "artifact_name_refused"


class TooManyArtifacts(SatelliteError):
    """One attempt may not bring so many artifacts; put them into one archive."""

    code = "too_many_artifacts"


class ArtifactRefused(SatelliteError):
    """An artifact is not what its job has to write."""

    code = "artifact_refused"


class StorageMissing(SatelliteError):
    """This installation stores no files; an operator has to set SATELLITE_FILES_STORAGE_URL."""

    code = "storage_missing"


class StorageUnavailable(SatelliteError):
    """The storage of files does not answer, or is full; try again in a moment."""

    code = "storage_unavailable"


class StorageQuotaReached(SatelliteError):
    """The account's files would be more than it may store; delete some, or ask an admin for more."""

    code = "storage_quota_reached"


class DigestMalformed(SatelliteError):
    """`Content-Digest` has to be `sha-256=:<base64 of 32 bytes>:`, as RFC 9530 says."""

    code = "digest_malformed"


class DigestMismatch(SatelliteError):
    """What arrived is not what was sent: its SHA-256 differs. Nothing was kept; send it again."""

    code = "digest_mismatch"


class UploadExpired(SatelliteError):
    """The upload took too long, or was deleted meanwhile; begin again."""

    code = "upload_expired"


class RangeUnsatisfiable(SatelliteError):
    """The file ends before the range that was asked for begins."""

    code = "range_unsatisfiable"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The file has {size_bytes} bytes; the range that was asked for begins beyond.")
        self.headers: Mapping[str, str] = {"Content-Range": f"bytes */{size_bytes}"}
