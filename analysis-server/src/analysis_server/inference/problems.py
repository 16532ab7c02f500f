"""Error type to HTTP status, in one table; bodies are problem documents, as those of the operation server."""

from __future__ import annotations

import http
from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from analysis_server.inference import errors
from satellite.errors import SatelliteError

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
PROTOCOL: Final = "/v2"
"""Below it errors have the form of the Open Inference Protocol."""
RETRY_AFTER_S: Final = "2"
STATUS_OF: Final[Mapping[type[SatelliteError], int]] = {
    errors.KeyMissing: 401,
    errors.KeyRefused: 403,
    errors.ModelUnknown: 404,
    errors.InputInvalid: 400,
    errors.UploadMalformed: 400,
    errors.BodyTooLarge: 413,
    errors.ImageTypeRefused: 415,
    errors.ModelFailed: 500,
    errors.ModelUnavailable: 503,
    errors.TooManyWaiting: 503,
    errors.AnswerLate: 504,
}

logger = structlog.get_logger(__name__)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in the form of its route."""
    app.add_exception_handler(SatelliteError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_unexpected)


def problem_of(error: SatelliteError) -> dict[str, Any]:
    """Return the problem document of an error."""
    violations = getattr(error, "violations", ())
    found = [{"pointer": each.pointer, "message": each.message} for each in violations]
    return _problem(_status_of(error), error.code, str(error)) | ({"errors": found} if found else {})


def _status_of(error: SatelliteError) -> int:
    return next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), 500)


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:satellite:problem:{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SatelliteError)  # noqa: S101 - it is registered for these.
    problem = problem_of(error)
    headers = {}
    if problem["status"] == 503:
        headers["Retry-After"] = RETRY_AFTER_S
    if isinstance(error, errors.BodyTooLarge):
        # The rest of the body is never read, so the connection cannot serve another request.
        headers["Connection"] = "close"
    return _response(request, problem, headers)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = http.HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return _response(request, _problem(error.status_code, code, str(error.detail)), error.headers or {})


async def _answer_nobody(request: Request, error: Exception) -> Response:
    del error
    return _response(request, _problem(400, "client_gone", "The client went away."), {})


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    logger.error("a request failed", path=request.url.path, exc_info=error)
    return _response(request, _problem(500, "internal", "Something went wrong inside the server."), {})


def _response(request: Request, problem: dict[str, Any], headers: Mapping[str, str]) -> Response:
    status = problem["status"]
    if request.url.path.startswith(PROTOCOL):
        told = [f"{each['pointer']}: {each['message']}" for each in problem.get("errors", ())]
        body = orjson.dumps({"error": "; ".join(told) or problem["detail"]})
        return Response(body, status_code=status, media_type="application/json", headers=dict(headers))
    problem["request_id"] = request.headers.get("X-Request-ID")
    return Response(
        orjson.dumps(problem), status_code=status, media_type=PROBLEM_MEDIA_TYPE, headers=dict(headers)
    )
