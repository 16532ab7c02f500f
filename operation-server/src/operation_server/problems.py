"""Error bodies as RFC 9457 `application/problem+json`, and what they are made of."""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from operation_server.security_headers import HEADERS

PROBLEM_MEDIA_TYPE = "application/problem+json"


class Violation(NamedTuple):
    """One thing wrong with a request: where (a JSON pointer into the body) and what."""

    pointer: str
    message: str


class ViolationRead(BaseModel):
    """One thing wrong with a request."""

    pointer: str = Field(description="JSON pointer into the request body.", examples=["/input_data/n"])
    message: str = Field(examples=['"one" is not of type "integer"'])


class Problem(BaseModel):
    """The body of every error."""

    type: str = Field(examples=["urn:satellite:problem:input_invalid"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["The input does not match the plugin's schema."])
    code: str = Field(description="Stable, for programs.", examples=["input_invalid"])
    request_id: str | None = Field(examples=["0b4f8d0c1f6e4c0b9d3f6a2b7c8d9e0f"])
    errors: list[ViolationRead] = Field(default=[], description="Each violation, where there are several.")


def title_of(status: int) -> str:
    """Return what a status is called; protocols beside HTTP have some of their own."""
    return http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else "Refused"


def problem_body(
    *, status: int, code: str, detail: str, request_id: str | None, violations: Sequence[Violation] = ()
) -> dict[str, Any]:
    """Return an error body."""
    body: dict[str, Any] = {
        "type": f"urn:satellite:problem:{code}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if violations:
        body["errors"] = [violation._asdict() for violation in violations]
    return body


def problem_response(
    *,
    status: int,
    code: str,
    detail: str,
    request_id: str | None,
    violations: Sequence[Violation] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error response."""
    body = problem_body(status=status, code=code, detail=detail, request_id=request_id, violations=violations)
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type=PROBLEM_MEDIA_TYPE,
        # Here too, because some errors are answered outside all middleware.
        headers={**HEADERS, **(headers or {})},
    )


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of error answers."""
    return {
        status: {
            "description": title_of(status),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
