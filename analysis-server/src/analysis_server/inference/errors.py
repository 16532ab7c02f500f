"""Why the direct lane gives no answer."""

from __future__ import annotations

from collections.abc import Sequence

from satellite.errors import SatelliteError
from satellite.schemas.faults import Fault


class KeyMissing(SatelliteError):
    """Show a key in the header X-API-Key."""

    code = "key_missing"


class KeyRefused(SatelliteError):
    """The key in X-API-Key is none of this server's."""

    code = "key_refused"


class ModelUnknown(SatelliteError):
    """There is no model of this name."""

    code = "model_unknown"


class InputInvalid(SatelliteError):
    """The request does not fit the model; `violations` say where and why."""

    code = "input_invalid"

    def __init__(self, violations: Sequence[Fault]) -> None:
        self.violations = tuple(violations)
        first = self.violations[0]
        super().__init__(f"The request does not fit the model: {first.pointer or 'it'}: {first.message}")


class BodyTooLarge(SatelliteError):
    """The request is larger than its route takes."""

    code = "body_too_large"


class ImageTypeRefused(SatelliteError):
    """The upload is no PNG, JPEG or WebP; what it is called does not count."""

    code = "image_type_refused"


class UploadMalformed(SatelliteError):
    """Send the image as the field `image` of a form (multipart/form-data)."""

    code = "upload_malformed"


class ModelFailed(SatelliteError):
    """The model failed at this request."""

    code = "model_failed"


class AnswerLate(SatelliteError):
    """The model did not answer in time."""

    code = "answer_late"


class ModelUnavailable(SatelliteError):
    """The model is not ready; try again in a moment."""

    code = "model_unavailable"


class TooManyWaiting(SatelliteError):
    """Too many requests wait already; try again in a moment."""

    code = "too_many_waiting"
