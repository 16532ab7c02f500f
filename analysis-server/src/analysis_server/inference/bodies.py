"""Reads request bodies up to a limit, however they are sent; JSON, and images by what they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message, Receive

from analysis_server.inference.errors import BodyTooLarge, ImageTypeRefused, InputInvalid, UploadMalformed
from satellite.contracts.json_text import JSONRefused, json_pointer, parse_json
from satellite.schemas.faults import Fault

FORM_BYTES: Final = 16_384
"""What a form may hold besides its image."""
IMAGE_HEADS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")

Body = TypeVar("Body", bound=BaseModel)
Answer = TypeVar("Answer")


async def read_json(request: Request, kind: type[Body], *, bytes_max: int) -> Body:
    """Return the body as what its route takes.

    Raises:
        BodyTooLarge: it has more than `bytes_max`.
        InputInvalid: it is no JSON, holds NaN, or does not fit `kind`.
    """
    text = await _limited(request, bytes_max, lambda limited: limited.body())
    try:
        return kind.model_validate(parse_json(text, bytes_max=None))
    except JSONRefused as refusal:
        raise InputInvalid([Fault(refusal.pointer, refusal.reason)]) from None
    except ValidationError as error:
        raise InputInvalid([_fault(one) for one in error.errors(include_url=False)]) from None


async def read_image(request: Request, *, bytes_max: int) -> tuple[bytes, dict[str, str]]:
    """Return the image of a form, and its other fields.

    Raises:
        BodyTooLarge: the form has more than `bytes_max`, and a little for its other fields.
        UploadMalformed: it is no form with an image.
        ImageTypeRefused: the image begins as none that is taken.
    """
    # One that is no form is an empty one.
    form = await _limited(request, bytes_max + FORM_BYTES, _read_form)
    image = form.get("image")
    if not isinstance(image, UploadFile):
        raise UploadMalformed
    content = await image.read()
    if len(content) > bytes_max:
        raise _too_large(bytes_max)
    if not (content.startswith(IMAGE_HEADS) or (content[:4], content[8:12]) == (b"RIFF", b"WEBP")):
        raise ImageTypeRefused
    return content, {name: value for name, value in form.items() if isinstance(value, str)}


async def _read_form(request: Request) -> FormData:
    try:
        return await request.form(max_files=1, max_fields=8, max_part_size=FORM_BYTES)
    except HTTPException as error:
        raise UploadMalformed(f"The form cannot be read: {error.detail}") from error


async def _limited(request: Request, bytes_max: int, read: Callable[[Request], Awaitable[Answer]]) -> Answer:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise _too_large(bytes_max)
    return await read(Request(request.scope, _counting(request.receive, bytes_max)))


def _counting(receive: Receive, bytes_max: int) -> Receive:
    size = 0

    async def receive_no_more() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > bytes_max:
            raise _too_large(bytes_max)
        return message

    return receive_no_more


def _too_large(bytes_max: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request is larger than {bytes_max} bytes.")


def _fault(error: Any) -> Fault:
    message = "is not a known field" if error["type"] == "extra_forbidden" else error["msg"]
    return Fault(json_pointer(error["loc"]), str(message).removeprefix("Value error, "))
