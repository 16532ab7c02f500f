"""What can go wrong with uploads that go on."""

from __future__ import annotations

from collections.abc import Mapping

from operation_server.files.uploads.protocol import VERSION
from satellite.errors import SatelliteError


class TusVersionRefused(SatelliteError):
    """Uploads are spoken to by tus 1.0.0: send the header `Tus-Resumable: 1.0.0`."""

    code = "tus_version_refused"
    headers: Mapping[str, str] = {"Tus-Version": VERSION}


class UploadMalformed(SatelliteError):
    """The headers of the upload do not say what tus asks for."""

    code = "upload_malformed"


class UploadNotFound(SatelliteError):
    """There is no such upload, or it is somebody else's."""

    code = "upload_not_found"


class OffsetMismatch(SatelliteError):
    """The upload is at another offset; ask for it with HEAD and go on from there."""

    code = "offset_mismatch"


class ChecksumMismatch(SatelliteError):
    """What arrived is not what was sent: its checksum differs. None of it was kept; send it again."""

    code = "checksum_mismatch"
