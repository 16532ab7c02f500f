"""Reads the answers of the API as what they should be, and refuses to write what no server would take."""

from __future__ import annotations

import functools
from typing import Any, TypeVar, cast

import httpx
from pydantic import TypeAdapter, ValidationError

from satellite.client.errors import AnswerUnreadable, RequestUnfit
from satellite.contracts.json_text import JSONRefused, parse_json, write_json

Answer = TypeVar("Answer")


def check_request(value: Any) -> None:
    """Refuse what no server would take.

    Raises:
        RequestUnfit: it cannot be written as JSON that a server reads.
    """
    try:
        written = write_json(value)
        parse_json(written)
    except (JSONRefused, RecursionError) as error:
        raise RequestUnfit(f"The request cannot be written: {error}.") from error


def read_answer(kind: type[Answer], document: Any) -> Answer:
    """Return an answer as what it should be.

    Raises:
        AnswerUnreadable: it is something else.
    """
    try:
        answer: Answer = _adapter(cast("Any", kind)).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "its answer"
        raise AnswerUnreadable(
            f"The server answered what this client does not understand ({where}: {first['msg']}); "
            "is one of them too old?"
        ) from error
    return answer


def json_of(response: httpx.Response) -> Any:
    """Return the document of an answer, None for an empty one.

    Raises:
        AnswerUnreadable: it is no JSON.
    """
    try:
        return response.json() if response.content else None
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "an answer of no type")
        server = f"{response.url.scheme}://{response.url.netloc.decode()}"
        raise AnswerUnreadable(
            f"{server} answered with {kind} that is not JSON; is that the operation server?"
        ) from error


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
