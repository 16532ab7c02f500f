"""The root of all errors of Satellite.

SatelliteError
├── operation_server: JobNotFound, PluginInvalid, ...   (beside the feature that raises them)
├── analysis_server: RuntimeUnavailable, ...
└── satellite: ManifestInvalid, ClientError, StackError, ...
"""

from __future__ import annotations


class SatelliteError(Exception):
    """Something went wrong; the docstring of a subclass is its default message.

    `code` is stable and meant for programs; the message is for people and says what to do.
    """

    code: str = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])
